import type { TablesRelationalConfig } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from 'drizzle-orm/pg-core';
import type { Pool, PoolClient } from 'pg';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { Inlined } from '#contracts/inlined.ts';
import { reached } from '#contracts/steps.ts';
import type { Redis } from '#platform/clients.ts';
import { type Epoch, readEpoch } from '#platform/epoch.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { inReadCommitted, type TransactionSource } from './operations/inline/begin.ts';
import { type InlineClient, isTransaction } from './operations/inline/callers-client.ts';
import { mostChanges } from './operations/inline/dispatch-sql.ts';
import { committedOf, publishInline } from './operations/inline/publish-inline.ts';
import { type InlineLimits, type InlineRow, inlinedOf, writeInline } from './operations/inline/write-inline.ts';
import type { FencedRedis } from './stages/write-through/fenced-pipeline.ts';
import { withFencedCommands } from './stages/write-through/scripts.ts';

/** How much a transaction writes of inline read models itself. */
export type InlineOptions = {
  /** The most documents and entries, from 1 to 1000; a read model with more is left to the workers. Default 100. */
  readonly maxKeys?: number;
  /** How long each lock of documents that another transaction is writing is waited for, in milliseconds; then they are left. Default 2000. */
  readonly waitMs?: number;
};

/** The options of `everwarm.transaction`. */
export type InlineTransactionOptions = InlineOptions & {
  /** Told, after the commit, what became of the documents; `published` says whether Redis has what was written. */
  readonly onInlined?: (inlined: Inlined & { readonly published: boolean }) => void;
};

/** What a transaction of any driver has written inline. */
export type PendingInlined = Inlined & {
  /**
   * Brings what was written to Redis. To be called when the transaction is committed: of what is not, nothing is published. Without it
   * the workers do so a moment later. Returns whether Redis has what was written; rejects with E_INLINE where the transaction went on to
   * change rows after `inline`, as far as that can still be seen: those documents are left to the workers.
   */
  publish(): Promise<boolean>;
};

/** Writing documents in the transactions that change them. */
export interface Inlining {
  /**
   * Runs `action` in a transaction of `db`, a Drizzle database or a pool of `pg`, which writes the documents and entries of inline read models that it changes as its last step,
   * and publishes them when it is committed: the next read has them. Resolves as `db.transaction` does. What could not be written so is
   * left to the workers, see `onInlined`. Throws E_INLINE, and whatever `action` and the database throw.
   */
  transaction<T>(pool: Pool, action: (client: PoolClient) => Promise<T>, options?: InlineTransactionOptions): Promise<T>;
  transaction<T, Q extends PgQueryResultHKT, F extends Record<string, unknown>, S extends TablesRelationalConfig>(
    db: PgDatabase<Q, F, S>,
    action: (tx: PgTransaction<Q, F, S>) => Promise<T>,
    options?: InlineTransactionOptions,
  ): Promise<T>;
  /**
   * The same for a transaction of any driver, as its last statement; `publish` of what it gives is called after the commit. Throws
   * E_INLINE outside of a transaction, in one that is not READ COMMITTED, and when called twice in one.
   */
  inline(client: InlineClient, options?: InlineOptions): Promise<PendingInlined>;
}

/** What it works with; `connect` opens a connection to Redis that fails at once when Redis is away. */
export type InliningParts = {
  readonly db: Transactions;
  readonly namespace: string;
  readonly connect: () => Redis;
  /** Resolves when this process's own reader has heard of all that was written to Redis so far. Never rejects. */
  readonly heard: () => Promise<void>;
  readonly maxDocumentBytes: number | undefined;
};

/** Opens nothing until a transaction is committed that wrote something. */
export function openInlining({ db, namespace, connect, heard, maxDocumentBytes }: InliningParts): Inlining {
  const generations = rememberGenerations(db);
  let redis: Promise<FencedRedis> | null = null;
  let epoch: Epoch | null = null;

  const reach = async () => {
    const opened = withFencedCommands(connect());
    await opened.connect().catch(() => undefined);
    return opened;
  };
  const publish = async (ordinal: number | null, rows: readonly InlineRow[], checked: boolean): Promise<boolean> => {
    redis ??= reach();
    const sink = { redis: await redis, db };
    if (epoch?.ordinal !== ordinal) epoch = await readEpoch(db);
    // The database has begun another epoch meanwhile: there, all of it is filled from Postgres.
    if (epoch.ordinal !== ordinal) return false;
    const space = { namespace, epoch: epoch.space };
    const each = [...new Set(rows.map(({ generation }) => generation))].map(async (id) => {
      const its = rows.filter((row) => row.generation === id);
      const generation = await generations.byId(id);
      if (generation === null) return;
      await publishInline({ ...sink, space }, generation, checked ? its : await committedOf(db, generation, its));
    });
    await Promise.all(each);
    return true;
  };
  // Whatever goes wrong here, the workers do it: the changes are still in the outbox.
  const tryPublish = async (...given: Parameters<typeof publish>) => {
    const published = await publish(...given).catch(() => false);
    await heard();
    return published;
  };

  return {
    async transaction<T>(
      source: TransactionSource,
      action: (tx: never) => Promise<T>,
      { onInlined, ...options }: InlineTransactionOptions = {},
    ): Promise<T> {
      const limits = limitsOf(options, maxDocumentBytes);
      if (isTransaction(source))
        throw new EverwarmError(
          'E_INLINE',
          'everwarm.transaction was called inside of a transaction. Call it with the database, around everything.',
        );
      const { result, answer } = await inReadCommitted(source, async (tx) => {
        const done = await action(tx as never);
        const written = await writeInline(tx, limits, true);
        reached('inline.written');
        return { result: done, answer: written };
      });
      reached('inline.committed');
      const published = answer.rows.length === 0 || (await tryPublish(answer.epoch, answer.rows, true));
      onInlined?.({ ...inlinedOf(answer), published });
      return result;
    },
    async inline(client, options = {}) {
      const answer = await writeInline(client, limitsOf(options, maxDocumentBytes), false);
      reached('inline.written');
      return {
        ...inlinedOf(answer),
        async publish() {
          reached('inline.committed');
          const publishing = answer.rows.length === 0 || tryPublish(answer.epoch, answer.rows, false);
          // Of more changes than are looked at, all documents were left, and nobody counted on.
          const isCounted = answer.xid !== null && answer.changes <= mostChanges;
          const [published] = await Promise.all([publishing, isCounted ? refuseLater(db, answer.xid, answer.changes) : null]);
          return published;
        },
      };
    },
  };
}

const defaults = { maxKeys: 100, waitMs: 2000, maxDocumentBytes: 8 * 1024 * 1024 } as const;

function limitsOf(
  { maxKeys = defaults.maxKeys, waitMs = defaults.waitMs }: InlineOptions,
  bytes: number = defaults.maxDocumentBytes,
): InlineLimits {
  if (!Number.isInteger(maxKeys) || maxKeys < 1 || maxKeys > 1000)
    throw new EverwarmError('E_CONFIG', `"maxKeys" is ${maxKeys}; it must be a whole number from 1 to 1000.`);
  if (!Number.isInteger(waitMs) || waitMs < 1 || waitMs > 60_000)
    throw new EverwarmError('E_CONFIG', `"waitMs" is ${waitMs}; it must be a whole number from 1 to 60000.`);
  return { keys: maxKeys, bytes, waitMs };
}

/** What was captured after the transaction had written its documents is in none of them. Seen as long as the outbox still has it. */
async function refuseLater(db: Transactions, xid: string, changes: number): Promise<void> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from everwarm.outbox o join everwarm.sources s on s.id = o.source
where o.xid = $1::xid8 and (s.schema_name, s.table_name) <> ('everwarm', 'inline')`,
    [xid],
  );
  const later = (rows[0]?.count ?? 0) - changes;
  if (later > 0)
    throw new EverwarmError(
      'E_INLINE',
      `The transaction changed ${later} more rows after everwarm.inline: their documents are left to the workers. Call it as the last statement before the commit.`,
    );
}
