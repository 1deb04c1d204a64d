import type { Pool } from '#platform/clients.ts';
import type { Epoch } from '#platform/epoch.ts';
import { rememberGenerations } from '#platform/generations.ts';
import { withinEpoch } from '#platform/one-epoch.ts';
import { type Pipeline, type PipelineParts, startPipeline } from './pipeline.ts';

/** What a keeper works with. */
export type KeeperParts = {
  /** Finds and registers the epoch that the database is in now. Rejects while the database cannot say. */
  readonly enter: () => Promise<Epoch>;
  /** Starts a pipeline that works in this epoch alone and calls `onOther` when it meets another one. */
  readonly begin: (epoch: Epoch, onOther: () => void) => Pipeline;
  readonly onError: (error: unknown, during: string) => void;
};

/** How long it waits before it tries again to enter an epoch, in milliseconds. */
const retryMs = 250;

/**
 * Keeps one pipeline running in the epoch that the database is in. A promoted replica and a restored copy are other epochs: what
 * the pipeline had at hand is finished nowhere, since the new one still owes it, and another pipeline takes its place.
 *
 * States: idle → (start) running → (another epoch) entering → running; stop leads to stopped from any of them, and is final.
 */
export class EpochKeeper {
  readonly #parts: KeeperParts;
  #pipeline: Pipeline | null = null;
  #entering: Promise<void> | null = null;
  #stopping = false;
  #wake: () => void = () => undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** The pipeline that runs, or null while there is none. */
  get pipeline(): Pipeline | null {
    return this.#pipeline;
  }

  /** Starts the first pipeline. Rejects when it cannot be started. */
  async start(): Promise<void> {
    this.#begin(await this.#parts.enter());
  }

  /** Stops the pipeline, or the search for an epoch to start another one in. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#entering;
    await this.#pipeline?.stop();
  }

  #begin(epoch: Epoch): void {
    const pipeline = this.#parts.begin(epoch, () => this.#leave(pipeline));
    this.#pipeline = pipeline;
  }

  /** Told by each of the old pipeline's connections; the first one counts. */
  #leave(left: Pipeline): void {
    if (this.#stopping || this.#entering || left !== this.#pipeline) return;
    this.#entering = this.#succeed()
      .catch((error: unknown) => this.#parts.onError(error, 'entering another epoch'))
      .finally(() => {
        this.#entering = null;
      });
  }

  async #succeed(): Promise<void> {
    const old = this.#pipeline;
    this.#pipeline = null;
    await old?.stop();
    while (!this.#stopping) {
      try {
        this.#begin(await this.#parts.enter());
        return;
      } catch (error) {
        this.#parts.onError(error, 'entering another epoch');
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, retryMs);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  }
}

/** A keeper, not started yet, of pipelines on this pool; `parts` are those that every epoch shares. */
export function keepPipeline(
  pool: Pool,
  enter: KeeperParts['enter'],
  parts: Omit<PipelineParts, 'pool' | 'db' | 'generations' | 'epoch'>,
): EpochKeeper {
  const begin: KeeperParts['begin'] = (epoch, onOther) => {
    const { sessions, transactions } = withinEpoch(pool, epoch, onOther);
    return startPipeline({ ...parts, pool: sessions, db: transactions, generations: rememberGenerations(transactions), epoch });
  };
  return new EpochKeeper({ enter, begin, onError: parts.onError });
}
