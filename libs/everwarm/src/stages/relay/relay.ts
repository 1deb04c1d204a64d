import type { Change, Source } from '#contracts/change.ts';
import type { Database, Sessions, TransactionOptions, Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { isLockTimeout } from '#contracts/failure.ts';
import type { Generations } from '#contracts/generations.ts';
import { maxJobKeys } from '#contracts/job.ts';
import { parseSnapshot, type Snapshot } from '#contracts/snapshot.ts';
import { blameOf } from '#contracts/statement-error.ts';
import { reached } from '#contracts/steps.ts';
import { holdMarks, lowerMarks } from './count-ledger.ts';
import { enqueueOrGiveBack } from './enqueue.ts';
import { enterCluster } from './enter-cluster.ts';
import { HotKeys } from './hot-keys.ts';
import type { Lanes } from './lanes.ts';
import { Leadership } from './leadership.ts';
import type { OwedKey } from './owe.ts';
import { poll, readLarge } from './poll.ts';
import { startReconcile } from './reconcile.ts';
import { room } from './refill.ts';
import { type Resolved, resolve } from './resolve.ts';
import { type Giants, giantsAmong } from './set-aside.ts';

/** What a relay works with. */
export type RelayParts = {
  readonly id: string;
  readonly pool: Sessions;
  readonly db: Transactions;
  readonly lanes: Lanes;
  readonly generations: Generations;
  /** How many keys of a read model one change may dirty before it is held. */
  readonly fuse: (model: string) => number;
  /** Told of every failure; the relay itself goes on. */
  readonly onError: (error: unknown, during: string) => void;
};

/** How long the relay waits before it polls again, in milliseconds; `busyFor` is how long after a change it counts as busy. */
const pace = { busy: 2, busyFor: 1000, idle: 15, standby: 500, afterError: 250 } as const;

/**
 * Turns committed changes into owed keys and recompute jobs. The snapshot that was delivered commits together with the keys it
 * led to, or after all of them where they are too many for one, so a crash repeats a batch and never skips one; jobs are added
 * after that commit, and a lost one is made up by the refiller. That commit need not be flushed: a crash of the server takes the snapshot back together with the keys, and the
 * rows are still in the outbox, whose truncation is later in the log. Exactly one relay of a database delivers (see {@link Leadership}), and the commit checks that it is this one.
 */
export class Relay {
  readonly #parts: RelayParts;
  readonly #leadership: Leadership;
  #delivered: Snapshot | null = null;
  #sources: ReadonlyMap<number, Source> = new Map();
  #sourcesRevision = '';
  /** Generations of which a way back failed by a value in the batch that is to be delivered. */
  readonly #lost = new Set<number>();
  readonly #hot = new HotKeys();
  #roomLeft = 0;
  #full: ReadonlySet<number> = new Set();
  #stopping = false;
  #running: Promise<void> | null = null;
  #wake: () => void = () => undefined;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#leadership = new Leadership(parts.pool, parts.id);
  }

  /** Whether this process's relay is the active one. */
  get leads(): boolean {
    return this.#leadership.session !== null;
  }

  /** The last snapshot whose changes are all in the ledger, or null while standing by. */
  get delivered(): Snapshot | null {
    return this.leads ? this.#delivered : null;
  }

  /** Begins polling. Returns at once. */
  run(): void {
    this.#running ??= this.#loop();
  }

  /** Finishes the batch at hand and gives leadership up. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
    await this.#leadership.release();
  }

  /** A lossy hint that something was just committed: the next poll comes at once. */
  hint(): void {
    this.#wake();
  }

  /** No job can be added: keys stay in the ledger, for whoever takes them straight from there, until room is measured again. */
  noRoom(): void {
    this.#roomLeft = 0;
  }

  /** Learns how many jobs the lanes have room for; keys beyond that stay in the ledger for the refiller. */
  async measureRoom(): Promise<void> {
    const { lanes } = this.#parts;
    if (!lanes.isReachable()) return this.noRoom();
    this.#roomLeft = await room(lanes.shared);
    const full = new Set<number>();
    for (const [generation, queue] of await lanes.own()) if ((await room(queue)) <= 0) full.add(generation);
    this.#full = full;
  }

  async #loop(): Promise<void> {
    let wait: number = pace.busy;
    let lastChange = 0;
    while (!this.#stopping) {
      try {
        if (!(await this.#lead())) wait = pace.standby;
        else {
          if (await this.#deliver()) lastChange = performance.now();
          const waited = this.#hot.due(performance.now());
          if (waited.length > 0) await this.#enqueue(waited);
          wait = performance.now() - lastChange < pace.busyFor ? pace.busy : pace.idle;
        }
      } catch (error) {
        if (this.#stopping) return;
        wait = pace.afterError;
        // A table was locked and the batch gave way: it is delivered at the next look, by this same leader.
        if (!isLockTimeout(error) && !(await this.#leaveAside(error))) {
          this.#parts.onError(error, 'relay');
          await this.#leadership.release();
        }
      }
      await this.#pause(wait);
    }
  }

  async #lead(): Promise<boolean> {
    if (this.leads) return true;
    this.#delivered = null;
    if (!(await this.#leadership.tryLead())) return false;
    await this.#parts.db.transaction(enterCluster);
    const { rows } = await this.#parts.db.query<{ snapshot: string }>('select snapshot from everwarm.relay');
    this.#delivered = parseSnapshot(rows[0]?.snapshot ?? '');
    await this.measureRoom().catch(() => undefined);
    return true;
  }

  async #deliver(): Promise<boolean> {
    const session = this.#leadership.session;
    const last = this.#delivered;
    if (!session || !last) return false;
    const batch = await poll(session, last);
    if (batch.tooLarge) {
      await this.#deliverLarge(session, last, batch.revision);
      return true;
    }
    if (batch.changes.length === 0) return false;
    reached('relay.read');
    const queued = this.#roomLeft > 0;
    const resolved = await this.#parts.db.transaction(
      async (tx) => {
        const giants = giantsAmong(batch.changes, await this.#leastFuse(batch.revision));
        const result = await this.#resolve(tx, batch.changes, { revision: batch.revision, queued, giants });
        await this.#commitSnapshot(tx, batch.now, oldestOf(batch.changes));
        reached('relay.before-commit');
        return result;
      },
      { durability: 'deferred', givesWay: true, opening: [holdMarks] },
    );
    reached('relay.committed');
    this.#delivered = batch.now;
    this.#lost.clear();
    if (queued) await this.#enqueue(this.#hot.ready(resolved.owed, performance.now()));
    return true;
  }

  /**
   * Each page is a transaction of its own, and the last one moves the snapshot: in one for all pages, keys would be locked in no order,
   * and deadlock with acknowledgements. Whatever stops this in between, all pages are delivered again.
   */
  async #deliverLarge(session: Database, last: Snapshot, revision: string): Promise<void> {
    const { db } = this.#parts;
    const options: TransactionOptions = { durability: 'deferred', givesWay: true, opening: [holdMarks] };
    let oldest = Date.now();
    const deliver = async (changes: readonly Change[], giants: Giants) => {
      const since = oldestOf(changes);
      oldest = Math.min(oldest, since);
      await db.transaction(async (tx) => {
        await this.#resolve(tx, changes, { revision, queued: false, giants });
        await tx.query(lowerMarks('$1'), [since]);
      }, options);
      reached('relay.page');
    };
    const now = await readLarge(session, last, deliver, await this.#leastFuse(revision));
    await db.transaction(async (tx) => {
      await this.#commitSnapshot(tx, now, oldest);
      reached('relay.before-commit');
    }, options);
    this.#delivered = now;
    this.#lost.clear();
  }

  async #leastFuse(revision: string): Promise<number> {
    const { generations, fuse } = this.#parts;
    return Math.min(...(await generations.live(revision)).map(({ name }) => fuse(name)));
  }

  async #resolve(
    tx: Database,
    changes: readonly Change[],
    { revision, queued, giants }: { readonly revision: string; readonly queued: boolean; readonly giants: Giants },
  ): Promise<Resolved> {
    if (revision !== this.#sourcesRevision || changes.some((change) => !this.#sources.has(change.source))) {
      this.#sources = await loadSources(tx);
      this.#sourcesRevision = revision;
    }
    const { generations, fuse } = this.#parts;
    const live = await generations.live(revision);
    const resolved = await resolve(tx, changes, { generations: live, sources: this.#sources, queued, fuse, giants, lost: this.#lost });
    await startReconcile(tx, [...resolved.reconcile]);
    return resolved;
  }

  async #commitSnapshot(tx: Database, now: Snapshot, oldest: number): Promise<void> {
    const { rowCount } = await tx.query(`with lowered as (${lowerMarks('$3')}) update everwarm.relay set snapshot = $1 where leader = $2`, [
      now.text,
      this.#parts.id,
      oldest,
    ]);
    if (rowCount !== 1) throw new EverwarmError('E_LIFECYCLE', 'Another relay leads now; this batch is left to it.');
  }

  async #enqueue(owed: readonly OwedKey[]): Promise<void> {
    try {
      const jobs = await enqueueOrGiveBack(
        this.#parts.db,
        this.#parts.lanes,
        // A full lane may have nobody who takes from it: its keys wait for their lease.
        owed.filter((key) => !this.#full.has(key.generation)).map((key) => ({ ...key, bulk: false })),
      );
      // Small jobs come and go faster than the room is measured; only a backlog counts against it.
      if (owed.length >= maxJobKeys) this.#roomLeft -= jobs;
    } catch (error) {
      this.noRoom();
      this.#parts.onError(error, 'enqueue');
    }
  }

  /**
   * Whether this was one generation's way back. Where it cannot run the generation stalls, and the batch is delivered again without
   * it; where it failed by a value that it met, nobody knows which keys it would have found: all of them are looked at.
   */
  async #leaveAside(error: unknown): Promise<boolean> {
    const blame = blameOf(error);
    if (blame === null) return false;
    const { generations, onError } = this.#parts;
    try {
      if (blame.by === 'value') this.#lost.add(blame.generation);
      else if (!(await generations.stall(blame.generation, error instanceof Error ? error.message : String(error)))) return true;
      onError(error, 'relay');
      return true;
    } catch {
      return false;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const oldestOf = (changes: readonly Change[]): number => changes.reduce((oldest, { at }) => Math.min(oldest, at), Date.now());

async function loadSources(db: Database): Promise<ReadonlyMap<number, Source>> {
  const { rows } = await db.query<{ id: number; schema_name: string; table_name: string; links: string[]; columns: string[] }>(
    'select * from everwarm.sources',
  );
  return new Map(
    rows.map((row) => [
      row.id,
      { id: row.id, table: { schema: row.schema_name, name: row.table_name }, links: row.links, columns: row.columns },
    ]),
  );
}
