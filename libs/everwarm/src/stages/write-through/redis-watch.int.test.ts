import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type RedisCopy, trustMs } from '#contracts/redis-copy.ts';
import { RedisWatch } from './redis-watch.ts';
import { withFencedCommands } from './scripts.ts';

/** A watch over a Redis that is not there, of a process that does not lead, with a clock of its own. */
function setup(copy: Partial<RedisCopy>) {
  vi.useFakeTimers({ toFake: ['performance'] });
  const redis = new Redis({ lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  onTestFinished(() => {
    vi.useRealTimers();
    redis.disconnect();
  });
  let said: RedisCopy = { state: 'whole', token: 'a', since: 0, server: 's', mark: 'a', reason: null, ...copy };
  const told: string[] = [];
  const watch = new RedisWatch({
    db: { query: () => Promise.reject(new Error('Only the leader writes.')) },
    redis: withFencedCommands(redis),
    space: { namespace: 'n', epoch: '1-a' },
    readCopy: async () => said,
    leads: () => false,
    onError: (error) => told.push(String(error)),
  });
  return {
    watch,
    told,
    say: (changed: Partial<RedisCopy>) => {
      said = { ...said, ...changed };
    },
  };
}

test('a process runs ahead of Redis only when no reader can trust it any more, by a clock that nobody sets', async () => {
  const { watch, say } = setup({});
  await watch.look();
  expect(watch.ahead).toBeNull();
  // Behind for an hour by the clock of Postgres: this process has heard of it only now.
  say({ state: 'behind', token: 'b', since: Date.now() - 3_600_000, reason: 'It cannot be reached.' });
  await watch.look();
  vi.advanceTimersByTime(trustMs);
  await watch.look();
  expect(watch.ahead).toBeNull();
  vi.advanceTimersByTime(trustMs);
  expect(watch.ahead).toBe('b');
  // It was whole in between: readers may have trusted it again.
  say({ token: 'c' });
  await watch.look();
  expect(watch.ahead).toBeNull();
});

test('each change of state is told once, in words', async () => {
  const { watch, told, say } = setup({});
  await watch.look();
  await watch.look();
  expect(told).toEqual([]);
  say({ state: 'behind', token: 'b', reason: 'It cannot be reached.' });
  await watch.look();
  await watch.look();
  expect(told).toEqual([expect.stringContaining('Redis is behind. It cannot be reached. Reads come from Postgres')]);
  say({ state: 'whole', mark: 'b', reason: null });
  await watch.look();
  await watch.look();
  expect(told.slice(1)).toEqual([expect.stringContaining('whole again')]);
});
