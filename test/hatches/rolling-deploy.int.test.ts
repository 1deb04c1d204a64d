import { waitFor } from '@everwarm/testkit';
import { Queue } from 'bullmq';
import { defineReadModel, type Everwarm } from 'everwarm';
import { expect, onTestFinished, test } from 'vitest';
import { laneName, queuePrefix } from '../../libs/everwarm/src/contracts/names.ts';
import { definitionHash } from '../../libs/everwarm/src/model/compile.ts';
import { maxJobs } from '../../libs/everwarm/src/stages/relay/refill.ts';
import { type Newsroom, openNewsroom, schema } from './fixtures/news.ts';

/*
 * Two releases of one read model side by side: the same query, and code of its own that differs. Neither can make the other's
 * documents; both generations are kept right as long as a process of their code runs.
 */
const story = defineReadModel(schema, 'stories', { name: 'story', columns: { number: true, title: true } });
const first = story.transform(1, ({ title, ...rest }) => ({ ...rest, loud: title.toUpperCase() }));
const second = story.transform(2, ({ title, ...rest }) => ({ ...rest, quiet: title.toLowerCase() }));
const key = (number: number) => ({ edition: 'a:b', number });

const retitle = ({ pool }: Newsroom, title: string) => pool.query(`update "News"."Story" set "Title" = $1`, [title]);
const generation = async (everwarm: Everwarm, state: string) => (await everwarm.status()).models.find((model) => model.state === state);
const absences = ({ failures }: Newsroom, revision: number) => failures.filter((line) => line.includes(`(revision ${revision})`));

async function expectRight(everwarm: Everwarm, checked: number) {
  await everwarm.settled();
  const model = (await generation(everwarm, 'serving'))?.name ?? '';
  expect(await everwarm.verify(model)).toMatchObject({ checked, differing: 0, inFlight: 0 });
}

test('the new release comes, writes go on, the old one goes: each reads its own, and nothing is lost', async () => {
  const newsroom = await openNewsroom();
  const old = newsroom.release([first]);
  await old.migrate();
  await old.start();
  await newsroom.print('One', 'Two', 'Three');
  await expectRight(old, 3);

  const release = newsroom.release([second]);
  await release.migrate();
  await retitle(newsroom, 'Migrated');
  await old.settled();
  expect(await old.reader.get(first, key(1)), 'still served to the old code').toEqual({ number: 1, loud: 'MIGRATED' });
  expect(await generation(old, 'building')).toMatchObject({ waitsFor: 'a process whose code has the transform of revision 2' });
  expect(await release.reader.raw(second, key(1)), 'nobody has built it').toMatchObject({ tier: 'source' });

  await release.start();
  await expectRight(release, 3);
  expect(await generation(release, 'serving')).toMatchObject({ waitsFor: null, pending: 0 });
  expect(await generation(release, 'previous')).toMatchObject({ waitsFor: null });
  for (let turn = 0; turn < 30; turn++) await retitle(newsroom, `Turn ${turn}`);
  await Promise.all([old.settled(), release.settled()]);
  expect(await old.reader.getMany(first, [key(1), key(3)])).toEqual([1, 3].map((number) => ({ number, loud: 'TURN 29' })));
  expect(await release.reader.getMany(second, [key(1), key(3)])).toEqual([1, 3].map((number) => ({ number, quiet: 'turn 29' })));

  const saidOnce = (revision: number) =>
    waitFor(() => absences(newsroom, revision).length > 0, { what: `a process to say that it lacks revision ${revision}` });
  await saidOnce(2);
  // The old one leads until now.
  await old.stop();
  await retitle(newsroom, 'After');
  await expectRight(release, 3);
  expect(await release.reader.get(second, key(2))).toEqual({ number: 2, quiet: 'after' });
  expect(await generation(release, 'previous')).toMatchObject({
    pending: 3,
    failing: 0,
    waitsFor: 'a process whose code has the transform of revision 1',
  });
  const { rows } = await newsroom.pool.query(
    'select sum(attempts)::integer as attempts, count(error)::integer as errors from everwarm.ledger',
  );
  expect(rows, 'left alone is not tried').toEqual([{ attempts: 0, errors: 0 }]);
  // Each process says once what it leaves alone.
  await saidOnce(1);
  expect([absences(newsroom, 1).length, absences(newsroom, 2).length]).toEqual([1, 1]);
  expect(newsroom.failures).toHaveLength(2);
});

test('a process of the old release that comes after the new one picks up what is owed to its readers', async () => {
  const newsroom = await openNewsroom();
  const before = newsroom.release([first]);
  await before.migrate();
  await before.start();
  await newsroom.print('One', 'Two');
  await expectRight(before, 2);
  await before.stop();

  const release = newsroom.release([second]);
  await release.migrate();
  await release.start();
  await retitle(newsroom, 'Meanwhile');
  await expectRight(release, 2);

  const late = newsroom.release([first]);
  expect(await late.reader.get(first, key(1)), 'as its last process left it').toMatchObject({ loud: 'ONE' });
  await late.start();
  await late.settled();
  expect(await late.reader.get(first, key(1))).toMatchObject({ loud: 'MEANWHILE' });
  await retitle(newsroom, 'Both');
  await Promise.all([late.settled(), release.settled()]);
  expect([await late.reader.get(first, key(2)), await release.reader.get(second, key(2))]).toEqual([
    { number: 2, loud: 'BOTH' },
    { number: 2, quiet: 'both' },
  ]);

  // Back to the old release for good: its generation serves again at once.
  await late.migrate();
  await release.stop();
  await retitle(newsroom, 'Back');
  await expectRight(late, 2);
  expect(await late.reader.get(first, key(1))).toMatchObject({ loud: 'BACK' });
});

test('keys that nobody can compute fill their own lane and stop there, while everything else goes on', async () => {
  const newsroom = await openNewsroom();
  const plain = defineReadModel(schema, 'people', { name: 'person' });
  const owner = newsroom.release([second, plain]);
  await owner.migrate();
  const everwarm = newsroom.release([plain]);
  await everwarm.start();
  await newsroom.print('One');
  // As many jobs as a lane has room for: what the relay adds between two looks at the room is all that comes to it.
  const lane = new Queue(laneName(definitionHash(second.compile())), {
    connection: newsroom.redis,
    prefix: queuePrefix(newsroom.namespace),
  });
  onTestFinished(() => lane.close());
  await lane.addBulk(Array.from({ length: maxJobs }, () => ({ name: 'left', data: { generation: 1, keys: ['["a:b","1"]'] } })));
  const waiting = async () => (await everwarm.status()).queues.find(({ name }) => name !== 'recompute')?.waiting ?? 0;
  let turn = 0;
  const write = async () => {
    await retitle(newsroom, `Turn ${++turn}`);
    await waitFor(async () => (await everwarm.status()).outbox.undelivered === 0, { what: 'the relay to deliver' });
  };
  await waitFor(
    async () => {
      const before = await waiting();
      await write();
      return before >= maxJobs && before === (await waiting());
    },
    { what: 'a write that adds no job', timeoutMs: 40_000 },
  );
  await newsroom.pool.query(`update "News".person set name = 'changed' where id = 1`);
  await everwarm.settled();
  expect(await everwarm.reader.get(plain, 1)).toMatchObject({ name: 'changed' });
  await owner.start();
  await owner.settled();
  expect(await owner.reader.get(second, key(1))).toEqual({ number: 1, quiet: `turn ${turn}` });
  expect(await owner.verify(second)).toMatchObject({ checked: 1, differing: 0 });
});
