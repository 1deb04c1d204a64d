// Everwarm's worker as a process of its own, keeping post_detail alone: the floor beside it keeps one document too.
import { postDetail } from '@everwarm/blog';
import { createEverwarm } from 'everwarm';
import { environment, untilStopped } from './process.ts';

const everwarm = createEverwarm({
  postgres: environment('DATABASE_URL'),
  redis: environment('REDIS_URL'),
  readModels: [postDetail],
});
await everwarm.start();
await untilStopped(() => everwarm.stop());
