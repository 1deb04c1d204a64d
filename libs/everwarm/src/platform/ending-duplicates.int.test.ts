import { randomUUID } from 'node:crypto';
import { providedServers, waitFor } from '@everwarm/testkit';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { openProxy } from '../torture/proxy.ts';
import { endingDuplicates } from './ending-duplicates.ts';
import { openRedis } from './redis.ts';

/**
 * Closes a worker and its connection while BullMQ makes the blocking one anew: a block of it is answered too late. Gives that
 * connection, and how its being opened went each time.
 */
async function closeWhileRenewed(made: (redis: Redis) => Redis) {
  const { redisUrl } = providedServers();
  const link = await openProxy(redisUrl);
  onTestFinished(() => link.close());
  const connection = made(openRedis(redisUrl, 'worker'));
  const opened: Promise<void>[] = [];
  const duplicates: Redis[] = [];
  let givenUp: () => void = () => undefined;
  const isGivenUp = new Promise<void>((resolve) => {
    givenUp = resolve;
  });
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = (options) => {
    const other = duplicate({ ...options, host: '127.0.0.1', port: Number(new URL(link.url).port) });
    const [connect, disconnect] = [other.connect.bind(other), other.disconnect.bind(other)];
    other.connect = () => {
      const opening = connect();
      opened.push(opening);
      return opening;
    };
    other.disconnect = (reconnect) => {
      disconnect(reconnect);
      givenUp();
    };
    duplicates.push(other);
    return other;
  };
  const prefix = `duplicates-${randomUUID()}`;
  const worker = new Worker('lane', () => Promise.resolve(), { connection, prefix, drainDelay: 1 });
  worker.on('error', () => undefined);
  onTestFinished(async () => {
    for (const other of duplicates) other.disconnect();
    const own = openRedis(redisUrl, 'queue');
    await new Queue('lane', { connection: own, prefix }).obliterate({ force: true });
    own.disconnect();
  });
  await worker.waitUntilReady();
  link.stall();
  await isGivenUp;
  link.heal();
  connection.disconnect();
  await worker.close(true);
  await waitFor(() => opened.length === 2, { what: 'BullMQ to open it again though it is closed' });
  const [blocking] = duplicates;
  if (!blocking || duplicates.length > 1) throw new Error(`BullMQ made ${duplicates.length} connections of the one that it was given.`);
  return { blocking, openedAgain: opened[1] };
}

test('a worker that is closed while its blocking connection is made anew leaves that open, if nobody prevents it', async () => {
  const { blocking, openedAgain } = await closeWhileRenewed((redis) => redis);
  await openedAgain;
  expect(blocking.status).toBe('ready');
});

test('a worker that is closed while its blocking connection is made anew leaves none open', async () => {
  const { blocking, openedAgain } = await closeWhileRenewed(endingDuplicates);
  await expect(openedAgain).rejects.toThrow('Connection is closed.');
  expect(blocking.status).toBe('end');
});
