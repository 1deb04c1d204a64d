import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { failureOf, isFailureOfValue } from '#contracts/failure.ts';
import type { AuditedKeys } from './audit-documents.ts';
import type { AuditParts, Finding } from './verify.ts';

/** Compares some keys of a generation. */
export type Audit = (parts: AuditParts, generation: Generation, keys: readonly string[]) => Promise<AuditedKeys>;

/**
 * An audit that one key cannot keep from judging the others: quarantined keys are named as such without being derived, and where the
 * statement fails by a value the keys are halved until it stands alone. A key that something may still heal is in flight.
 */
export function judging(audit: Audit): Audit {
  const judge: Audit = async (parts, generation, keys) => {
    if (keys.length === 0) return { findings: [], inFlight: [] };
    try {
      return await audit(parts, generation, keys);
    } catch (error) {
      if (!isFailureOfValue(error)) throw error;
      if (keys.length === 1) return underivable(keys, error);
      const middle = keys.length >> 1;
      const halves = [await judge(parts, generation, keys.slice(0, middle)), await judge(parts, generation, keys.slice(middle))];
      return { findings: halves.flatMap(({ findings }) => findings), inFlight: halves.flatMap(({ inFlight }) => inFlight) };
    }
  };
  return async (parts, generation, keys) => {
    const apart = await quarantinedAmong(parts.db, generation.id, keys);
    if (apart.size === 0) return judge(parts, generation, keys);
    const { findings, inFlight } = await judge(
      parts,
      generation,
      keys.filter((key) => !apart.has(key)),
    );
    const found = keys.filter((key) => apart.has(key)).map((key): Finding => ({ key, layer: 'postgres', cause: 'quarantined' }));
    return { findings: [...found, ...findings], inFlight };
  };
}

function underivable(keys: readonly string[], error: unknown): AuditedKeys {
  const cause = `cannot be derived from its rows: ${failureOf(error).words}`;
  return { findings: keys.map((key) => ({ key, layer: 'postgres', cause })), inFlight: [] };
}

/** Which of these keys are in quarantine. */
async function quarantinedAmong(db: Database, generation: number, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ key: string }>('select key from everwarm.quarantine where generation = $1 and key = any($2)', [
    generation,
    keys,
  ]);
  return new Set(rows.map(({ key }) => key));
}
