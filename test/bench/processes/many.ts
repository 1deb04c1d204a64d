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
    return reply.header('content-type', contentType).send(joinJson(found.flatMap((document) => document?.body ?? [])));
  },
  () => reader.stop(),
);
