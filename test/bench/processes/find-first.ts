// Rival of reading: the query itself for every request, on a pool of 10.
import { Pool } from 'pg';
import { findPostWith } from '../read/find-post.ts';
import { environment } from './process.ts';
import { contentType, servePosts } from './serve.ts';

const pool = new Pool({ connectionString: environment('DATABASE_URL'), max: 10 });
const findPost = findPostWith(pool);

await servePosts(
  async (reply, id) => {
    const post = await findPost(Number(id));
    return post ? reply.header('content-type', contentType).send(JSON.stringify(post)) : reply.code(404).send();
  },
  () => pool.end(),
);
