import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { withClient } from './connect.ts';

const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url));
/** Any fixed number: it names the lock, so that processes starting together migrate one after the other. */
const migrationLock = 7_220_516;

/** Brings the blog's tables in a database up to date. Idempotent and safe to call from several processes at once. */
export async function migrateBlog(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrate(drizzle({ client }), { migrationsFolder });
  });
}
