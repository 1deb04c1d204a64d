// Rival of reading: bentocache with both of its levels, around the query. The best a user can make of it: documents are kept as
// texts, so that nothing is parsed or written anew for an answer.
import { Pool } from 'pg';
import { openBento } from '../read/bento.ts';
import { findPostWith } from '../read/find-post.ts';
import { environment } from './process.ts';
import { contentType, servePosts } from './serve.ts';

const pool = new Pool({ connectionString: environment('DATABASE_URL'), max: 10 });
const findPost = findPostWith(pool);
const bento = openBento(environment('REDIS_URL'), environment('BENTO_TTL'), { asTheyAre: environment('BENTO_AS_THEY_ARE') === 'yes' });

await servePosts(
  async (reply, id) => {
    const body = await bento.getOrSet({ key: id, factory: async () => JSON.stringify((await findPost(Number(id))) ?? null) });
    return reply.header('content-type', contentType).send(body);
  },
  async () => {
    await bento.disconnect();
    await pool.end();
  },
);
