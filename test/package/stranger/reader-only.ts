import { createReader } from 'everwarm/reader';
import { exhibitPage } from './read-models.ts';

/* Reads one document, named by the first argument, with the reader alone. */

const { DATABASE_URL = '', REDIS_URL = '', NAMESPACE = 'museum' } = process.env;
const reader = createReader({ postgres: DATABASE_URL, redis: REDIS_URL, namespace: NAMESPACE });
console.log(JSON.stringify(await reader.get(exhibitPage, process.argv[2] ?? '')));
await reader.stop();
