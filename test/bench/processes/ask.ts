// Asks a server the requests of a file as fast as it answers, from some connections for some seconds, and prints what came of it.
import { readFile } from 'node:fs/promises';
import { createRandom } from '@everwarm/testkit';
import autocannon from 'autocannon';
import { environment } from './process.ts';

const random = createRandom(1);
const requests = (await readFile(environment('READ_REQUESTS'), 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => line.split('\t'))
  .map(([path = '', tag]) => ({ method: 'GET' as const, path, headers: tag ? { 'if-none-match': tag } : {} }));

const result = await autocannon({
  url: environment('READ_URL'),
  connections: Number(environment('READ_CONNECTIONS')),
  duration: Number(environment('READ_SECONDS')),
  setupClient: (client) => client.setRequests(random.shuffle(requests)),
});
const failed = result['1xx'] + result['4xx'] + result['5xx'] + result.errors;
console.log(`result ${JSON.stringify({ answered: result['2xx'] + result['3xx'], failed, seconds: result.duration })}`);
