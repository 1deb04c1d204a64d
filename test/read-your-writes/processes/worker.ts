// Relay and workers as a process of its own; a message from its parent says where.
import { once } from 'node:events';
import { createEverwarm } from 'everwarm';
import { readModels } from '../world/read-models.ts';
import type { Place } from './place.ts';

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
const [place] = (await once(process, 'message')) as [Place];
const everwarm = createEverwarm({ ...place, readModels, onError: () => undefined });
process.once('SIGTERM', () => void everwarm.stop().then(() => process.exit(0)));
await everwarm.start();
process.send?.('ready');
