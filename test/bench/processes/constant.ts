// Floor of reading: Fastify sending one document's bytes from memory, whichever is asked for.
import { Redis } from 'ioredis';
import { environment } from './process.ts';
import { contentType, servePosts } from './serve.ts';

const redis = new Redis(environment('REDIS_URL'));
const body = await redis.getBuffer(`${environment('BARE_PREFIX')}1`);
redis.disconnect();

await servePosts((reply) => reply.header('content-type', contentType).send(body));
