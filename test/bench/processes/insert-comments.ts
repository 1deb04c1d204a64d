// Inserts comments from some clients for some seconds and prints how many a second: for machines without pgbench.
import { createRandom } from '@everwarm/testkit';
import { Client } from 'pg';
import { seeded } from '../seed-blog.ts';
import { environment } from './process.ts';

const seconds = Number(environment('INSERT_SECONDS'));
const body = environment('INSERT_BODY');
const clients = Array.from(
  { length: Number(environment('INSERT_CLIENTS')) },
  () => new Client({ connectionString: environment('DATABASE_URL') }),
);
await Promise.all(clients.map((client) => client.connect()));
const start = performance.now();
const counts = await Promise.all(clients.map(insertUntilEnd));
console.log(`inserts/s ${counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - start) / 1000)}`);
await Promise.all(clients.map((client) => client.end()));

async function insertUntilEnd(client: Client, seed: number): Promise<number> {
  const random = createRandom(seed + process.pid);
  let count = 0;
  for (; performance.now() < start + seconds * 1000; count++) {
    await client.query({
      name: 'insert',
      text: `insert into comments (post_id, author_id, body, status) values ($1, $2, $3, 'approved')`,
      values: [random.integer(1, seeded.posts), random.integer(1, seeded.users), body],
    });
  }
  return count;
}
