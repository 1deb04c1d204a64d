import { asAdmin, createDatabase, createRedis, waitFor } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { expect, it, onTestFinished } from 'vitest';
import { openStage } from '../../libs/everwarm/src/torture/open-stage.ts';
import { processFaults } from '../../libs/everwarm/src/torture/process-faults.ts';
import { runTorture } from '../../libs/everwarm/src/torture/run-torture.ts';
import { counterJudge, counterLoad } from './fixtures/counter-load.ts';
import { counter, counterTables } from './fixtures/counters.ts';
import { program } from './programs.ts';

async function openCounters() {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const redis = await createRedis();
  onTestFinished(() => redis.stop());
  await asAdmin(database.url, (admin) => admin.query(counterTables));
  const everwarm = createEverwarm({ postgres: database.url, redis: redis.url, namespace: 'counters', readModels: [counter] });
  onTestFinished(() => everwarm.stop());
  await everwarm.migrate();
  const story: string[] = [];
  const stage = await openStage({
    postgresUrl: () => database.url,
    redisUrl: () => redis.url,
    namespace: 'counters',
    programs: [program('worker-1', 'worker', 'fixtures/counter-worker.ts')],
    log: (line) => void story.push(line),
  });
  onTestFinished(async () => void (await stage.close()));
  await everwarm.settled();
  return { database, everwarm, stage, story };
}

it('a worker that is killed, and killed at a step, is healed by its restart', async () => {
  const { database, everwarm, stage, story } = await openCounters();
  const faults = processFaults.filter(({ name }) => ['kill-worker', 'kill-at-recompute-committed'].includes(name));
  const parts = { stage, load: counterLoad(database.pool, everwarm), judge: counterJudge(everwarm), faults, seed: 7, minutes: 0.1 };
  const report = await runTorture({ ...parts, leastTurns: 1 });
  expect(report, story.join('\n')).toMatchObject({ violations: [], differing: 0 });
  expect(report.faults.map(({ count }) => count > 0)).toEqual([true, true]);
  expect(report.kills).toBeGreaterThanOrEqual(2);
  expect(report.residentMb['worker-1']).toBeGreaterThan(0);
});

it('a process that ends by itself breaks a law, and is started again', async () => {
  const { stage } = await openCounters();
  const [worker] = stage.processes;
  process.kill(worker!.pid!, 'SIGKILL');
  await waitFor(() => worker!.incarnation === 2 && stage.violations.length === 1, { what: 'the restart' });
  expect(stage.violations).toEqual([{ law: 12, detail: 'worker-1 ended by itself: SIGKILL' }]);
  await worker!.restart();
  expect(await stage.close(true)).toEqual([]);
});
