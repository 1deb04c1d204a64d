// Everwarm's worker as a process of its own, keeping the read models that it is told.
import { createEverwarm } from 'everwarm';
import { modelsNamed } from '../warm-blog.ts';
import { environment, untilStopped } from './process.ts';

const everwarm = createEverwarm({
  postgres: environment('DATABASE_URL'),
  redis: environment('REDIS_URL'),
  readModels: modelsNamed(environment('WORKER_MODELS')),
});
await everwarm.start();
await untilStopped(() => everwarm.stop());
