import { waitFor } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { openYard, thingPage } from './fixtures/open-yard.ts';

const partitioned = `
create type mood as enum ('calm', 'wild');
create table makers (id integer primary key, name text not null);
create table things (id integer primary key, maker_id integer not null, title text not null, price integer not null, mood mood not null) partition by range (id);
create index on things (maker_id);
create table things_1 partition of things for values from (1) to (10);
create table things_10 partition of things for values from (10) to (20);
insert into makers values (1, 'One');
insert into things values (1, 1, 'first', 10, 'calm'), (11, 1, 'eleventh', 20, 'calm')`;

const thing = (id: number, title: string, price: number) => ({ id, title, price, mood: 'calm', maker: { name: 'One' } });

test('documents over a partitioned table follow writes to it, to its partitions and between them', async () => {
  const yard = await openYard({ ddl: partitioned });
  await yard.write(
    `update things_1 set price = 11; insert into things_10 values (12, 1, 'twelfth', 30, 'calm'); update things set title = 'moved', id = 13 where id = 11`,
  );
  await yard.everwarm.settled();
  await yard.shows(1, thing(1, 'first', 11));
  await yard.shows(12, thing(12, 'twelfth', 30));
  await yard.shows(13, thing(13, 'moved', 20));
  await yard.shows(11, null);
  await yard.write(`update things set id = 2 where id = 13; truncate things_10`);
  await yard.everwarm.settled();
  await yard.shows(2, thing(2, 'moved', 20));
  await yard.shows(12, null);
  expect(await yard.everwarm.verify(thingPage)).toMatchObject({ checked: 2, differing: 0 });
  expect(await yard.problems()).toBe('');
});

test('a partition that is attached or detached is noticed while the workers run', async () => {
  const yard = await openYard({ ddl: partitioned });
  await yard.write(`create table things_20 (like things including all); insert into things_20 values (21, 1, 'came along', 5, 'calm');
    alter table things attach partition things_20 for values from (20) to (30)`);
  await yard.shows(21, thing(21, 'came along', 5));
  await waitFor(async () => (await yard.marks()).includes('things: triggers'), { what: 'the new partition to be marked' });
  expect(await yard.problems()).toMatch(/missing or do not fire always on "public"."things_20". Run everwarm migrate/);
  // Through the parent it is seen at once; past it, once the migration has run.
  await yard.write('update things set price = 6 where id = 21');
  await yard.shows(21, thing(21, 'came along', 6));
  await yard.write('update things_20 set price = 7');
  await yard.everwarm.migrate();
  await yard.shows(21, thing(21, 'came along', 7));
  await yard.write('update things_20 set price = 8');
  await yard.shows(21, thing(21, 'came along', 8));
  await yard.write('alter table things detach partition things_1');
  await yard.shows(1, null);
  expect(await yard.problems()).toBe('');
});
