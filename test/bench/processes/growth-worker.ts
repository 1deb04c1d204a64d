// Everwarm's worker as a process of its own, keeping the read models of the growth scenario.
import { createEverwarm } from 'everwarm';
import { growthModels } from '../growth/read-models.ts';
import { environment, untilStopped } from './process.ts';

const everwarm = createEverwarm({
  postgres: environment('DATABASE_URL'),
  redis: environment('REDIS_URL'),
  readModels: growthModels,
});
await everwarm.start();
await untilStopped(() => everwarm.stop());
