import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import type { KeyParts, Outcome } from './recompute-keys.ts';
import { publishAndAcknowledge } from './recompute-keys.ts';

/** What this process knows of the copy in Redis when it ends a batch that no job brought. */
export type RedisView = {
  /** Whether the copy in Redis is behind. */
  readonly behind: boolean;
  /** Whether Redis answers this process and takes writes. */
  readonly usable: boolean;
  /** The token under which keys may be acknowledged that Redis does not have, or null. */
  readonly ahead: string | null;
};

/**
 * The end of a batch that no job brought. Where Redis takes it, it ends as a job does. Where not, it is in Postgres already: once no
 * reader trusts Redis any more it is acknowledged as owed to Redis, and until then it stays owed, to come again when its lease runs out.
 */
export function finishDirect<W extends Outcome>(
  db: Database,
  redis: () => RedisView,
  publish: (generation: Generation, written: W) => Promise<void>,
): KeyParts<W>['finish'] {
  return async (generation, written, done) => {
    const { usable, ahead } = redis();
    if (usable) return publishAndAcknowledge(db, publish, generation, written, done);
    if (ahead === null || done.length === 0) return;
    await db.query({
      name: 'everwarm_owe_redis',
      text: 'select everwarm.owe_redis($1, $2, $3, $4)',
      values: [generation.id, done.map((claim) => claim.key), done.map((claim) => claim.seq), ahead],
    });
  };
}
