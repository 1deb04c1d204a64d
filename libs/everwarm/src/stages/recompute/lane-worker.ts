import { type ConnectionOptions, type Job, type Queue, Worker } from 'bullmq';
import type { RecomputeJob } from '#contracts/job.ts';

/** A connection that a worker is given and its owner may cut. */
export type WorkerConnection = ConnectionOptions & { readonly status: string; disconnect(): void };

/** What the worker of one lane works with. */
export type LaneParts = {
  readonly queue: Queue<RecomputeJob>;
  /** A connection for one worker alone: one that went silent must not be handed to its successor. */
  readonly connect: () => WorkerConnection;
  readonly prefix: string;
  readonly concurrency: number;
  readonly take: (job: Job<RecomputeJob>) => Promise<void>;
  readonly onError: (error: unknown, during: string) => void;
  /** For how long a worker may take nothing while jobs wait before it is taken to be deaf, in milliseconds. Default 10,000. */
  readonly deafAfterMs?: number;
};

/** How often an idle worker looks by itself, in seconds: the marker that wakes it may have been deleted. */
const lookEvery = 1;

/** How soon a worker tries again after an error of its connection, in milliseconds. */
const retryMs = 500;

/**
 * The BullMQ worker of one lane, which is replaced when it is deaf: jobs wait, for long and without a pause, and it takes none.
 *
 * States: listening → (deaf) replaced by a fresh one, on a fresh connection → listening; → closed.
 */
export class LaneWorker {
  readonly #parts: LaneParts;
  #worker: Worker<RecomputeJob>;
  #connection: WorkerConnection;
  #running = 0;
  #takenAt = performance.now();
  #waitingSince: number | null = null;
  #closed = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#connection = parts.connect();
    this.#worker = this.#start();
  }

  /** Resolves when it listens: not before Redis can be reached. */
  async waitUntilReady(): Promise<void> {
    await this.#worker.waitUntilReady();
  }

  /** Whether its own connection can be used. */
  get isConnected(): boolean {
    return this.#connection.status === 'ready';
  }

  /** Replaces the worker if it is deaf. To be called every few seconds, while Redis answers. */
  async replaceIfDeaf(): Promise<void> {
    const waits = (await this.#parts.queue.getJobCountByTypes('waiting', 'prioritized')) > 0 && !(await this.#parts.queue.isPaused());
    if (this.#closed) return;
    const now = performance.now();
    this.#waitingSince = waits ? (this.#waitingSince ?? now) : null;
    if (this.#running > 0 || this.#waitingSince === null) return;
    if (now - Math.max(this.#waitingSince, this.#takenAt) < (this.#parts.deafAfterMs ?? 10_000)) return;
    await this.replace();
  }

  /** Ends the worker without waiting for it, and starts another. */
  async replace(): Promise<void> {
    const { queue, onError } = this.#parts;
    onError(new Error(`The worker of the queue "${queue.name}" took nothing though jobs wait. Another one takes its place.`), 'worker');
    const [deaf, connection] = [this.#worker, this.#connection];
    this.#waitingSince = null;
    this.#takenAt = performance.now();
    this.#connection = this.#parts.connect();
    this.#worker = this.#start();
    void deaf.close(true).catch(() => undefined);
    connection.disconnect();
  }

  /** Lets running jobs finish, or ends at once by `force`: without Redis no job can be ended, and the ledger still owes its keys. */
  async close(force: boolean): Promise<void> {
    this.#closed = true;
    if (!force) return this.#worker.close();
    // One that still waits for Redis would wait with its end, too.
    this.#connection.disconnect();
    void this.#worker.close(true).catch(() => undefined);
  }

  #start(): Worker<RecomputeJob> {
    const { queue, prefix, concurrency, take, onError } = this.#parts;
    const worker = new Worker<RecomputeJob>(
      queue.name,
      async (job) => {
        this.#running++;
        this.#takenAt = performance.now();
        try {
          await take(job);
        } finally {
          this.#running--;
          this.#takenAt = performance.now();
        }
      },
      { connection: this.#connection, prefix, concurrency, drainDelay: lookEvery, runRetryDelay: retryMs },
    );
    worker.on('error', (error) => onError(error, 'worker'));
    // The ledger still owes its keys; what kept them from being written is not theirs, and may need somebody.
    worker.on('failed', (_, error) => onError(error, 'recompute'));
    return worker;
  }
}
