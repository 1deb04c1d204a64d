import { createDatabase, createRandom, createRedis, waitFor } from '@everwarm/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { openStage } from '../../libs/everwarm/src/torture/open-stage.ts';
import { program } from './programs.ts';
import { buildYard, openYard } from './world/open-yard.ts';

async function openRunningYard() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const redis = await createRedis();
  onTestFinished(() => redis.stop());
  const namespace = 'yard';
  await buildYard({ postgres: database.url, redis: redis.url, namespace });
  const story: string[] = [];
  const stage = await openStage({
    postgresUrl: () => database.url,
    redisUrl: () => redis.url,
    namespace,
    programs: [program('worker-1', 'worker', 'world/worker.ts'), program('reader-1', 'reader', 'world/reader.ts')],
    log: (line) => void story.push(line),
  });
  onTestFinished(async () => void (await stage.close()));
  const { load, judge } = openYard({ stage, random: createRandom(5), rate: 60 });
  onTestFinished(() => judge.stop());
  onTestFinished(() => load.stop());
  return { database, stage, load, judge, story };
}

it('the yard without any fault breaks no law, and everything that was committed is in every copy', async () => {
  const { load, judge, story } = await openRunningYard();
  load.start();
  await waitFor(() => judge.reads() > 1000 && load.committed() > 150, { what: 'reads and commits', timeoutMs: 40_000 });
  const mark = await load.mark();
  await waitFor(() => mark.isVisible(), { what: 'the mark to be seen by every copy and reader', timeoutMs: 20_000 });
  await load.stop();
  expect({ differing: await judge.compareAll(), violations: judge.violations() }, story.join('\n')).toEqual({
    differing: 0,
    violations: [],
  });
  expect(load.tally.rolledBack).toBeGreaterThan(0);
});
