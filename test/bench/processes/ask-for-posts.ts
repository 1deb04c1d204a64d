// Asks a server for posts as fast as it answers, from some connections for some seconds, and prints what came of it.
import { createRandom } from '@everwarm/testkit';
import autocannon from 'autocannon';
import { environment } from './process.ts';

const posts = Array.from({ length: Number(environment('READ_POSTS')) }, (_, index) => index + 1);
const random = createRandom(1);

const result = await autocannon({
  url: environment('READ_URL'),
  connections: Number(environment('READ_CONNECTIONS')),
  duration: Number(environment('READ_SECONDS')),
  setupClient: (client) => client.setRequests(random.shuffle(posts).map((post) => ({ method: 'GET', path: `/posts/${post}` }))),
});
console.log(`result ${JSON.stringify({ answered: result['2xx'], failed: result.non2xx + result.errors, seconds: result.duration })}`);
