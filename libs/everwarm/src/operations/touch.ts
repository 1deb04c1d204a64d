import type { CompiledModel } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { encodeKey, type KeyInput } from '#contracts/key.ts';

/** What touching needs of a connection: `pg`'s clients and pools have it. */
export type TouchClient = { query(text: string, values: unknown[]): Promise<unknown> };

/**
 * Records, in the transaction that the client is in, that documents or entries of these keys must be derived again although no
 * row changed. Throws E_KEY for a key of the wrong form before anything is recorded, E_NOT_MIGRATED where the database does not
 * know the model; in both cases with Postgres's own error where the statement failed, and then the caller's transaction with it.
 */
export async function touch(client: TouchClient, model: CompiledModel, keys: readonly KeyInput[]): Promise<void> {
  const texts = keys.map((key) => encodeKey(model.name, model.key, key));
  if (texts.length === 0) return;
  try {
    await client.query('select everwarm.touch($1, variadic $2::text[])', [model.name, texts]);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    // No such read model, function or schema.
    if (!['42704', '42883', '3F000'].includes(code)) throw cause;
    throw new EverwarmError('E_NOT_MIGRATED', `"${model.name}" has no generation in this database. Run everwarm migrate.`, {
      cause,
      context: { model: model.name },
    });
  }
}
