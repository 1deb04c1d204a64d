// Floor of reading many: one MGET of plain keys, and the bytes between brackets. No version, no second tier.
import { Redis } from 'ioredis';
import { environment } from './process.ts';
import { contentType, joinJson, serve } from './serve.ts';

const redis = new Redis(environment('REDIS_URL'));
const prefix = environment('BARE_PREFIX');

await serve(
  '/posts',
  async (reply, { query: { ids = '' } }) => {
    const found = await redis.mgetBuffer(ids.split(',').map((id) => prefix + id));
    return reply.header('content-type', contentType).send(joinJson(found.filter((body) => body !== null)));
  },
  () => redis.disconnect(),
);
