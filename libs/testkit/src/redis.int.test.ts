import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { createRedis, type RedisOptions } from './redis.ts';
import { waitFor } from './signals.ts';

const setup = async (options?: RedisOptions) => {
  const server = await createRedis(options);
  const client = new Redis(server.url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  onTestFinished(async () => {
    client.disconnect();
    await server.stop();
  });
  return { server, client };
};

test('each test has a Redis of its own, which evicts nothing', async () => {
  const [one, other] = [await setup(), await setup()];
  await one.client.set('key', 'value');
  expect(await other.client.get('key')).toBeNull();
  expect(await one.client.info('memory')).toContain('maxmemory_policy:noeviction');
});

test('another policy can be had, to see it refused', async () => {
  const { client } = await setup({ maxmemoryPolicy: 'allkeys-lru' });
  expect(await client.info('memory')).toContain('maxmemory_policy:allkeys-lru');
});

test('a killed Redis comes back empty at the same address', async () => {
  const { server, client } = await setup();
  await client.set('key', 'value');
  const before = server.pid();
  await server.kill();
  await server.start();
  expect(server.pid()).not.toBe(before);
  expect(await client.get('key')).toBeNull();
});

test('a persistent one comes back with its data', async () => {
  const { server, client } = await setup({ persistent: true });
  await client.set('key', 'value');
  await server.stop();
  await server.start();
  expect(await client.get('key')).toBe('value');
});

test('a frozen Redis answers after it is thawed', async () => {
  const { server, client } = await setup();
  await client.ping();
  server.freeze();
  let answered = false;
  const answer = client.ping().finally(() => {
    answered = true;
  });
  await expect(waitFor(() => answered, { what: 'an answer of a frozen server', timeoutMs: 50 })).rejects.toThrow('Waited');
  server.thaw();
  expect(await answer).toBe('PONG');
});
