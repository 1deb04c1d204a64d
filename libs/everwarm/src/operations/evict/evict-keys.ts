import type { Generation } from '#contracts/compiled.ts';
import { cutKeys } from '#contracts/cut-keys.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { type Lifecycle, lifecycleKind } from '#contracts/lifecycle.ts';
import type { KeySpace } from '#contracts/names.ts';
import { reached } from '#contracts/steps.ts';
import { formatVersion, type Version } from '#contracts/version.ts';
import { type Epoch, readEpoch } from '#platform/epoch.ts';
import { acknowledge } from '#stages/recompute/acknowledge.ts';
import type { Claim } from '#stages/recompute/batch.ts';
import { oweBulk, oweKeys } from '#stages/relay/owe.ts';
import { type EvictedBatch, evictDocuments } from '#stages/write-through/evict-documents.ts';
import type { FencedRedis } from '#stages/write-through/fenced-pipeline.ts';
import { lockShards } from '#stages/write-through/lock-shards.ts';
import { forgetKeys, publishDocuments } from '#stages/write-through/publish.ts';
import { isRedisTrouble } from '#stages/write-through/redis-trouble.ts';

/** What evicting works with. */
export type EvictParts = {
  readonly db: Transactions;
  /** A connection that knows the fenced writes. */
  readonly redis: () => Promise<FencedRedis>;
  readonly namespace: string;
};

/**
 * Takes documents away: from Postgres in one transaction for each batch of keys, then from Redis, where a marker of the eviction's own
 * version keeps what is older from coming back. The next reader asks the sources. In the same transaction the ledger owes the keys,
 * so that workers bring back what is not lazy, and tell Redis what it was not told: it may be away, or this process may end at
 * any step; `bulk` puts them behind single changes. Returns how many documents were there.
 */
export async function evictKeys(
  parts: EvictParts,
  generations: readonly Generation[],
  keys: readonly string[],
  bulk = false,
): Promise<number> {
  let taken = 0;
  for (const generation of generations)
    for (const some of cutKeys([...new Set(keys)])) {
      const evicted = some.length === 0 ? 0 : await evictBatch(parts, generation, some, bulk);
      if (generation.state === 'serving') taken += evicted;
    }
  return taken;
}

async function evictBatch(
  { db, redis, namespace }: EvictParts,
  { id }: Generation,
  keys: readonly string[],
  bulk: boolean,
): Promise<number> {
  const { batch, epoch, owed } = await db.transaction(async (tx) => {
    await lockShards(tx, id, keys);
    // On this very connection: numbers of another epoch mean nothing here.
    const entered = await readEpoch(tx);
    const { version, now } = await drawVersion(tx, entered);
    const evicted = await evictDocuments(tx, id, keys, version);
    const told = evicted.documents.map(({ key }) => key);
    if (bulk) await oweBulk(tx, id, told, now);
    else
      await oweKeys(
        tx,
        told.map((key) => ({ generation: id, key, since: now })),
        false,
      );
    return { batch: evicted, epoch: entered, owed: await claimsOf(tx, id, told) };
  });
  reached('evict.committed');
  const space = { namespace, epoch: epoch.space };
  const isTold = await tell(await redis(), space, id, batch);
  // What is lazy comes back when it is read, and nobody owes it anything more.
  if (isTold && owed.isLazy) await acknowledge(db, id, owed.claims);
  return batch.taken.length;
}

async function drawVersion(tx: Database, { ordinal }: Epoch): Promise<{ version: Version; now: number }> {
  const { rows } = await tx.query<{ number: string; now: number }>(
    `select nextval('everwarm.version_seq')::text as number, extract(epoch from clock_timestamp())::float8 * 1000 as now`,
  );
  const { number = '0', now = Date.now() } = rows[0] ?? {};
  return { version: formatVersion(ordinal, BigInt(number)), now };
}

/**
 * What the ledger owes of these keys, and whether the read model is lazy, at one moment: a lifecycle that is switched later walks over
 * all keys, and owes them under other numbers.
 */
async function claimsOf(tx: Database, generation: number, keys: readonly string[]): Promise<{ claims: readonly Claim[]; isLazy: boolean }> {
  const { rows } = await tx.query<Claim & { lifecycle: Lifecycle }>(
    `select l.key, l.seq::text as seq, g.lifecycle from everwarm.ledger l join everwarm.generations g on g.id = l.generation
where l.generation = $1 and l.key = any($2)`,
    [generation, keys],
  );
  return { claims: rows, isLazy: rows.some(({ lifecycle }) => lifecycleKind(lifecycle) === 'lazy') };
}

/** Whether Redis took it. Where it is away, what the ledger owes is told when it returns. */
async function tell(redis: FencedRedis, space: KeySpace, generation: number, { documents, absent }: EvictedBatch): Promise<boolean> {
  try {
    await publishDocuments(redis, space, generation, documents);
    await forgetKeys(redis, space, generation, absent);
    return true;
  } catch (error) {
    if (isRedisTrouble(error)) return false;
    throw error;
  }
}

/** Throws E_DEFINITION for a list: its entries are part of an order, which has no holes. */
export function checkEvictable(generations: readonly Generation[]): readonly Generation[] {
  for (const { name, model } of generations)
    if (model.kind === 'list')
      throw new EverwarmError(
        'E_DEFINITION',
        `"${name}" is a list: its entries cannot be evicted. Evict documents of "${model.list?.item}".`,
        {
          context: { model: name },
        },
      );
  return generations;
}
