import { createRedis, type NodeProcess, spawnNode, type TestRedis, waitFor } from '@everwarm/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openQueues } from '../../libs/everwarm/src/platform/queue.ts';
import { type Ask, askOn, expectProblem } from './fixtures/ask.ts';
import { openChromium } from './fixtures/chromium.ts';
import { leaveJobs } from './fixtures/leave-jobs.ts';

const token = 'the-token-of-this-test';
const bearer = { authorization: `Bearer ${token}` };
const page = { accept: 'text/html' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

let redis: TestRedis;
let server: NodeProcess;
let url: string;
let ask: Ask;

beforeAll(async () => {
  redis = await createRedis();
  await leaveJobs(redis.url, 3);
  server = spawnNode('apps/console/src/main.ts', { env: { REDIS_URL: redis.url, PORT: '0', EVERWARM_CONSOLE_TOKEN: token } });
  url = (await server.waitForLine(/^console listening on /, 40_000)).replace('console listening on ', '');
  ask = askOn(url);
});

afterAll(async () => {
  await server?.stop();
  await redis?.stop();
});

test('nothing is shown to who does not know the token, and nothing is said of what there is', async () => {
  for (const path of ['/queues', '/queues/', '/queues/api/queues', '/queues/static/favicon.ico', '/', '/nowhere', '/queues?token=wrong']) {
    const answer = await ask('GET', path);
    expectProblem(answer, { status: 401, code: 'unauthorized' });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(JSON.stringify(answer.body)).not.toContain('wrong');
  }
  for (const headers of [{ authorization: 'Bearer wrong' }, { authorization: token }, { cookie: `everwarm_console=${token}` }]) {
    expect((await ask('GET', '/queues', undefined, headers)).status).toBe(401);
  }
  expect((await ask('PUT', '/queues/api/queues/recompute/pause')).status).toBe(401);
  expect(await ask('GET', '/queues', undefined, page)).toMatchObject({ status: 401, body: expect.stringContaining('name="token"') });
});

test('a queue of one definition appears once a process has opened it', async () => {
  const connection = new Redis(redis.url);
  onTestFinished(() => connection.disconnect());
  const queues = openQueues(connection, 'everwarm', () => undefined);
  queues.named('recompute_0123456789abcdef');
  const names = async () =>
    ((await ask('GET', '/queues/api/queues', undefined, bearer)).body as { queues: { name: string }[] }).queues.map(({ name }) => name);
  await waitFor(async () => (await names()).includes('recompute_0123456789abcdef'), { what: 'the lane on the dashboard' });
  expect((await names()).toSorted()).toEqual(['recompute', 'recompute_0123456789abcdef']);
});

test('the token as a bearer opens every queue', async () => {
  expect(await ask('GET', '/', undefined, bearer)).toMatchObject({ status: 303 });
  expect(await ask('GET', '/queues', undefined, bearer)).toMatchObject({ status: 200, body: expect.stringContaining('Everwarm queues') });
  const { body } = await ask('GET', '/queues/api/queues', undefined, bearer);
  expect(body).toMatchObject({
    queues: expect.arrayContaining([expect.objectContaining({ name: 'recompute', counts: expect.objectContaining({ waiting: 3 }) })]),
  });
  expectProblem(await ask('GET', '/nowhere', undefined, bearer), { status: 404, code: 'no_route' });
});

test('a browser signs in with a form, or with the token in the address, which leaves it again', async () => {
  const signedIn = await ask('POST', '/login', `token=${token}&next=/queues/queue/recompute`, form);
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/queues/queue/recompute']);
  const byAddress = await ask('GET', `/queues?page=2&token=${token}`);
  expect([byAddress.status, byAddress.headers.get('location')]).toEqual([303, '/queues?page=2']);
  for (const { headers } of [signedIn, byAddress]) {
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^everwarm_console=[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    expect(cookie).not.toContain(token);
    expect((await ask('GET', '/queues', undefined, { cookie: cookie.split(';')[0] ?? '' })).status).toBe(200);
  }
  const wrong = await ask('POST', '/login', 'token=wrong&next="><script>', form);
  expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
  expect(wrong.body).not.toContain('<script>');
  for (const next of ['//elsewhere', '/\\elsewhere', 'https://elsewhere', '']) {
    const answer = await ask('POST', '/login', `token=${token}&next=${encodeURIComponent(next)}`, form);
    expect(answer.headers.get('location')).toBe('/queues');
  }
});

test('what changes something does not come from another site, whatever it knows', async () => {
  const pause = '/queues/api/queues/recompute/pause';
  for (const from of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://elsewhere' },
    { origin: 'null' },
  ]) {
    expectProblem(await ask('PUT', pause, undefined, { ...bearer, ...from }), { status: 403, code: 'cross_site' });
  }
  expect((await ask('PUT', pause, undefined, { ...bearer, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await ask('PUT', '/queues/api/queues/recompute/resume', undefined, { ...bearer, origin: url })).status).toBe(200);
});

test('the dashboard stands in a real browser, once signed in', async () => {
  await using browser = await openChromium();
  const { tab } = browser;
  const foreign: string[] = [];
  tab.on('response', (response) => void (response.url().startsWith(url) || foreign.push(response.url())));
  expect((await tab.goto(`${url}/queues`))?.status()).toBe(401);
  await tab.getByLabel('Token').fill(token);
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await tab.waitForURL(`${url}/queues`);
  await tab.getByRole('link', { name: 'recompute' }).first().waitFor();
  await tab.getByText('3 Jobs').waitFor();
  expect(await tab.title()).toContain('Everwarm queues');
  await tab.goto(`${url}/queues/queue/recompute?status=waiting`);
  await tab.getByText('"key-1"').first().waitFor();
  const picture = await tab.screenshot();
  expect(picture.length, 'bytes of a picture that is not blank').toBeGreaterThan(20_000);
  expect(foreign).toEqual([]);
});

test('without Redis a page says so at once, and shows no inside', async () => {
  await redis.kill();
  const answer = await ask('GET', '/queues/api/queues', undefined, bearer);
  expect(answer).toMatchObject({ status: 500, body: { error: expect.stringContaining('Redis cannot answer') } });
  server.signal('SIGTERM');
  expect(await server.exited).toEqual({ code: 0, signal: null });
});
