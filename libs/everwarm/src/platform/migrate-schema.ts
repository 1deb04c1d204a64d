import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { migrationLock } from '#contracts/names.ts';
import { schemaMigrations } from './schema-migrations.ts';

/** The steps of the engine's schema that a database still lacks. Throws E_NEWER_SCHEMA when it has steps this code does not know. */
export async function pendingMigrations(db: Pick<Transactions, 'query'>): Promise<typeof schemaMigrations> {
  const exists = await db.query<{ found: boolean }>(`select to_regclass('everwarm.migrations') is not null as found`);
  if (exists.rows[0]?.found !== true) return schemaMigrations;
  const applied = await db.query<{ id: number }>('select id from everwarm.migrations');
  const ids = new Set(applied.rows.map((row) => row.id));
  const known = new Set(schemaMigrations.map((step) => step.id));
  const newer = [...ids].filter((id) => !known.has(id));
  if (newer.length > 0) {
    throw new EverwarmError(
      'E_NEWER_SCHEMA',
      `The schema "everwarm" has step ${newer.join(', ')}, which this version does not know. Update the package everwarm.`,
    );
  }
  return schemaMigrations.filter((step) => !ids.has(step.id));
}

/**
 * Brings the engine's own schema up to date, in one transaction under an advisory lock, so that any number of processes may
 * call it at once. Idempotent. Returns the names of the steps taken.
 */
export function migrateSchema(db: Transactions): Promise<string[]> {
  return db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1, $2)', [...migrationLock]);
    const pending = await pendingMigrations(tx);
    if (pending.length === 0) return [];
    await tx.query('create schema if not exists everwarm');
    await tx.query(
      'create table if not exists everwarm.migrations (id integer primary key, name text not null, at timestamptz not null default now())',
    );
    for (const step of pending) {
      await tx.query(step.sql);
      await tx.query('insert into everwarm.migrations (id, name) values ($1, $2)', [step.id, step.name]);
    }
    return pending.map((step) => step.name);
  });
}
