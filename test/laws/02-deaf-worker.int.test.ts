import { randomUUID } from 'node:crypto';
import { providedServers, waitFor } from '@everwarm/testkit';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { RecomputeJob } from '../../libs/everwarm/src/contracts/job.ts';
import { LaneWorker } from '../../libs/everwarm/src/stages/recompute/lane-worker.ts';
import { openProxy } from '../../libs/everwarm/src/torture/proxy.ts';

/** A lane whose first worker reaches Redis through a link, and every later one directly. */
async function open() {
  const { redisUrl } = providedServers();
  const link = await openProxy(redisUrl);
  onTestFinished(() => link.close());
  const prefix = `lane-${randomUUID()}`;
  const own = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue<RecomputeJob>('lane', { connection: own, prefix });
  onTestFinished(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
    own.disconnect();
  });
  const connections: Redis[] = [];
  onTestFinished(() => {
    for (const connection of connections) connection.disconnect();
  });
  const taken: string[] = [];
  const told: string[] = [];
  const worker = new LaneWorker({
    queue,
    prefix,
    connect: () => {
      const connection = new Redis(connections.length === 0 ? link.url : redisUrl, { maxRetriesPerRequest: null });
      connection.on('error', () => undefined);
      connections.push(connection);
      return connection;
    },
    concurrency: 1,
    take: ({ data }) => {
      taken.push(...data.keys);
      return Promise.resolve();
    },
    onError: (error) => told.push(String(error)),
    deafAfterMs: 200,
  });
  onTestFinished(() => worker.close(true));
  await worker.waitUntilReady();
  const add = (key: string) => queue.add('1', { generation: 1, keys: [key] }, { removeOnComplete: true });
  const isTaken = (key: string) => waitFor(() => taken.includes(key), { what: `${key} to be taken` });
  return { link, queue, worker, connections, told, add, isTaken, taken };
}

test('a worker whose connection went silent is replaced, and the jobs that waited are taken', async () => {
  const { link, queue, worker, connections, told, add, isTaken, taken } = await open();
  await add('before');
  await isTaken('before');
  // With the end of a job a worker asks for the next: it would have taken the job that is to wait, and not been told.
  await waitFor(async () => (await queue.getActiveCount()) === 0, { what: 'the first job to be over' });
  link.stall();
  await add('meanwhile');
  await waitFor(
    async () => {
      await worker.replaceIfDeaf();
      return connections.length > 1;
    },
    { what: 'the deaf worker to be replaced' },
  );
  await isTaken('meanwhile');
  expect(taken.filter((key) => key === 'meanwhile')).toHaveLength(1);
  expect(told.filter((line) => line.includes('took nothing though jobs wait'))).toHaveLength(1);
  expect(connections).toHaveLength(2);
});

test('a worker is left alone while it works, while nothing waits and while its queue is paused', async () => {
  const { queue, worker, connections, add, isTaken } = await open();
  const look = async () => {
    for (const end = performance.now() + 400; performance.now() < end; ) await worker.replaceIfDeaf();
  };
  await look();
  await queue.pause();
  await add('paused');
  await look();
  expect(connections).toHaveLength(1);
  await queue.resume();
  await isTaken('paused');
  expect(connections).toHaveLength(1);
});
