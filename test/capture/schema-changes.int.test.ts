import { waitFor } from '@everwarm/testkit';
import { expect, test, vi } from 'vitest';
import { makerName, openYard, thingPage, thingPageWithoutPrice, type Yard } from './fixtures/open-yard.ts';

// Side by side: most of the time goes by until the next look at the tables. Three share the time of one.
vi.setConfig({ maxConcurrency: 3, testTimeout: 180_000 });

const first = { id: 1, title: 'first', price: 10, mood: 'calm', maker: { name: 'One' } };
const stalled = async ({ everwarm }: Yard) =>
  (await everwarm.status()).models.filter((model) => model.stalled !== null).map(({ name }) => name);
const until = (what: string, condition: () => Promise<boolean>) => waitFor(condition, { what, timeoutMs: 30_000 });
const markedAs = (yard: Yard, ...marks: string[]) =>
  until(`the marks ${marks.join(', ')}`, async () => JSON.stringify(await yard.marks()) === JSON.stringify(marks));

test.concurrent('while a watched column has another name, writers and other models go on; when it is back, all is made good', async ({
  onTestFinished: finished,
}) => {
  const yard = await openYard({ finished });
  await yard.write('alter table things rename column maker_id to made_by; alter table things rename column price to cost');
  // The way back from makers to things is broken as well as the document.
  await yard.write(`update makers set name = 'Uno' where id = 1; update things set title = 'changed', cost = 11 where id = 1`);
  await yard.write(
    `insert into things values (3, 1, 'third', 30, 'wild'); delete from things where id = 2; insert into makers values (3, 'Three')`,
  );
  await markedAs(yard, 'things: columns');
  await until('the other model to follow', async () => (await yard.everwarm.reader.get(makerName, 1))?.name === 'Uno');
  expect(await yard.everwarm.reader.get(makerName, 3)).toEqual({ id: 3, name: 'Three' });
  expect(await stalled(yard)).toEqual(['thing_page']);
  expect(await yard.everwarm.reader.get(thingPage, 1), 'the last document stays').toEqual(first);
  expect(await yard.problems()).toMatch(
    /public.things is captured: It has no column "maker_id", "price".*\n.*thing_page \(generation 1\): column/,
  );
  await expect(yard.everwarm.settled({ timeoutMs: 1000 })).rejects.toThrow(/thing_page: column .* does not exist/);
  // Writes in any number make it fail no more often.
  for (let price = 0; price < 50; price++) await yard.write(`update things set cost = ${price} where id = 1`);
  expect(yard.failures.length).toBeLessThan(5);

  await yard.write('alter table things rename column made_by to maker_id; alter table things rename column cost to price');
  await markedAs(yard);
  await yard.shows(1, { id: 1, title: 'changed', price: 49, mood: 'calm', maker: { name: 'Uno' } });
  await yard.everwarm.settled();
  expect(await yard.everwarm.verify(thingPage)).toMatchObject({ checked: 2, differing: 0 });
  expect(await yard.everwarm.reader.get(thingPage, 2)).toBeNull();
  expect(await stalled(yard)).toEqual([]);
  expect(await yard.problems()).toBe('');
});

test.concurrent('a definition without the column that was dropped takes over', async ({ onTestFinished: finished }) => {
  const yard = await openYard({ finished });
  await yard.write(`alter table things drop column price; update things set title = 'changed' where id = 1`);
  await markedAs(yard, 'things: columns');
  await expect(yard.everwarm.migrate()).rejects.toThrow(/"things" has no column "price"/);
  const next = yard.another([thingPageWithoutPrice, makerName]);
  await next.migrate();
  await next.settled();
  expect(await next.reader.get(thingPageWithoutPrice, 1)).toEqual({ id: 1, title: 'changed', maker: { name: 'One' } });
  await markedAs(yard);
  expect((await next.doctor()).filter(({ problem }) => problem !== null)).toEqual([]);
  // The column comes back: what the old definition reads is not captured, so it must not go on by itself.
  await yard.write(`alter table things add column price integer not null default 5; update things set price = 6 where id = 1`);
  await yard.another([thingPage, makerName]).migrate();
  await yard.shows(1, { id: 1, title: 'changed', price: 6, mood: 'calm', maker: { name: 'One' } });
});

test.concurrent('what changes a value without a trigger is walked for: a type, a label, rows written anew', async ({
  onTestFinished: finished,
}) => {
  const yard = await openYard({ finished });
  await yard.write(`alter type mood rename value 'calm' to 'quiet'`);
  await yard.shows(1, { ...first, mood: 'quiet' });
  await yard.write('alter table things alter column price type integer using price + 1');
  await yard.shows(1, { ...first, mood: 'quiet', price: 11 });
  await yard.write(`alter table things alter column title type varchar(3) using left(title, 3)`);
  await yard.shows(2, { id: 2, title: 'sec', price: 21, mood: 'wild', maker: { name: 'Two' } });
  expect(await yard.marks()).toEqual([]);
});

test.concurrent('writes that went by while triggers were off are made good by a migration', async ({ onTestFinished: finished }) => {
  const yard = await openYard({ finished });
  // What pg_restore --disable-triggers does; afterwards they fire, but no longer in replicated sessions.
  await yard.write(
    `alter table things disable trigger all; update things set price = 99 where id = 1; alter table things enable trigger all`,
  );
  await yard.shows(1, { ...first, price: 99 });
  await markedAs(yard, 'things: triggers');
  expect(await yard.problems()).toMatch(/do not fire always on "public"."things". Run everwarm migrate/);
  await yard.write('drop trigger everwarm_capture_update on things; update things set price = 98 where id = 1');
  await yard.everwarm.migrate();
  await yard.shows(1, { ...first, price: 98 });
  await markedAs(yard);
  await yard.write('update things set price = 97 where id = 1');
  await yard.shows(1, { ...first, price: 97 });
});

test.concurrent('a table that moved away, and one that took its place', async ({ onTestFinished: finished }) => {
  const yard = await openYard({ finished });
  await yard.write(`create schema attic; alter table things set schema attic; update attic.things set price = 55 where id = 1`);
  await markedAs(yard, 'things: missing');
  expect(await yard.problems()).toMatch(/was renamed or moved and is now attic.things/);
  await yard.write('alter table attic.things set schema public');
  await yard.shows(1, { ...first, price: 55 });
  await yard.write(
    `alter table things rename to things_old; create table things (like things_old including all); insert into things select * from things_old where id = 2`,
  );
  await markedAs(yard, 'things: triggers');
  await yard.shows(1, null);
  await yard.everwarm.migrate();
  await yard.write('update things set price = 3 where id = 2; update things_old set price = 4');
  await yard.shows(2, { id: 2, title: 'second', price: 3, mood: 'wild', maker: { name: 'Two' } });
  await markedAs(yard);
});

test.concurrent('a table fed by a subscription is marked, and refused by a migration', async ({ onTestFinished: finished }) => {
  const yard = await openYard({ finished });
  await yard.write(`create subscription "feed_${yard.database.name}" connection '' publication p with (connect = false, enabled = false, create_slot = false, slot_name = none);
    insert into pg_subscription_rel (srsubid, srrelid, srsubstate) select oid, 'things'::regclass, 'r' from pg_subscription where subname = 'feed_${yard.database.name}'`);
  try {
    await markedAs(yard, 'things: subscription');
    expect(await yard.problems()).toMatch(/is fed by the logical subscription "feed_/);
    await expect(yard.everwarm.migrate()).rejects.toThrow(/is fed by the logical subscription/);
  } finally {
    await yard.write(`drop subscription "feed_${yard.database.name}"`);
  }
  await markedAs(yard);
});
