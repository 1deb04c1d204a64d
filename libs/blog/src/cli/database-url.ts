import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { BlogError } from '../errors.ts';

/** Written by `npm start`: where the services it started are. */
const envFile = fileURLToPath(new URL('../../../../.everwarm/env', import.meta.url));

/** The database to work on: DATABASE_URL, or else that of `npm start`. Throws BlogError `usage` when there is neither. */
export function databaseUrl(): string {
  const given = process.env['DATABASE_URL'];
  if (given) return given;
  const started = existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8'))['DATABASE_URL'] : undefined;
  if (started) return started;
  throw new BlogError('usage', 'No database: set DATABASE_URL, or run npm start first.');
}
