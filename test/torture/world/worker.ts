import { createEverwarm } from 'everwarm';
import { runWorker } from '../../../libs/everwarm/src/torture/stage-child.ts';
import { readModels } from './read-models.ts';

// A whole pipeline over the yard, to be killed.
await runWorker(async ({ postgres, redis, namespace }) => {
  const everwarm = createEverwarm({ postgres, redis, namespace, readModels });
  await everwarm.start();
  return everwarm;
});
