import { randomUUID } from 'node:crypto';
import { providedServers } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { gatherGets } from './gather-gets.ts';

/** A client with `n` values under `key(0)` to `key(n - 1)`, and what was sent to Redis since. */
async function open(values: number) {
  const redis = new Redis(providedServers().redisUrl);
  onTestFinished(() => redis.disconnect());
  const prefix = `gather-${randomUUID()}:`;
  const key = (index: number) => prefix + index;
  for (let index = 0; index < values; index++) await redis.set(key(index), `value ${index}`);
  const sent: number[] = [];
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    sent.push(command.args.length);
    return send(command, stream);
  };
  return { redis, key, sent, get: gatherGets(redis) };
}

test('what is asked for in one turn goes in one command, and each gets its own answer', async () => {
  const { key, sent, get } = await open(3);
  const answers = await Promise.all([get(key(2)), get(key(7)), get(key(0)), get(key(2))]);
  expect(answers.map((answer) => answer?.toString() ?? null)).toEqual(['value 2', null, 'value 0', 'value 2']);
  expect(sent).toEqual([4]);
  expect(String(await get(key(1)))).toBe('value 1');
  expect(sent).toEqual([4, 1]);
});

test('no command asks for more than 128 values', async () => {
  const { key, sent, get } = await open(2);
  const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => get(key(index % 2))));
  expect(answers.map(String)).toEqual(Array.from({ length: 300 }, (_, index) => `value ${index % 2}`));
  expect(sent).toEqual([128, 128, 44]);
});

test('a key of another kind is as one that is absent, and disturbs nobody', async () => {
  const { redis, key, get } = await open(1);
  await redis.sadd(key(5), 'member');
  expect((await Promise.all([get(key(5)), get(key(0))])).map((answer) => answer?.toString() ?? null)).toEqual([null, 'value 0']);
});

test('when the client fails, everyone is told', async () => {
  const { redis, key, get } = await open(1);
  redis.disconnect();
  const outcomes = await Promise.allSettled([get(key(0)), get(key(1))]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
