import { runReader } from '../../../libs/everwarm/src/torture/run-reader.ts';
import { documentOf, inspect, staysGone } from './inspect.ts';
import { readModels } from './read-models.ts';

// Clients that read the yard and believe nothing.
await runReader({
  models: readModels,
  testimony: { inspect, staysGone },
  documentOf,
  readsPerSecond: Number(process.env['TORTURE_READS'] ?? 600),
});
