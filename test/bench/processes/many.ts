// Everwarm's reader giving many documents as bytes: what an API with such a route does.
import { postDetail } from '@everwarm/blog';
import { createReader } from 'everwarm/reader';
import { environment } from './process.ts';
import { contentType, joinJson, serve } from './serve.ts';

const reader = createReader({ postgres: environment('DATABASE_URL'), redis: environment('REDIS_URL') });
await reader.connect();

await serve(
  '/posts',
  async (reply, { query: { ids = '' } }) => {
    const found = await reader.rawMany(postDetail, ids.split(','));
    const bodies = found.filter((document) => document !== null).map(({ body }) => body);
    return reply.header('content-type', contentType).send(joinJson(bodies));
  },
  () => reader.stop(),
);
