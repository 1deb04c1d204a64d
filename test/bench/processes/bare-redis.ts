// Floor of reading: Fastify sending what Redis holds, the same bytes under a plain key. No version, no tag, no second tier.
import { Redis } from 'ioredis';
import { environment } from './process.ts';
import { contentType, servePosts } from './serve.ts';

const redis = new Redis(environment('REDIS_URL'));
const prefix = environment('BARE_PREFIX');

await servePosts(
  async (reply, id) => {
    const body = await redis.getBuffer(prefix + id);
    return body ? reply.header('content-type', contentType).send(body) : reply.code(404).send();
  },
  () => redis.disconnect(),
);
