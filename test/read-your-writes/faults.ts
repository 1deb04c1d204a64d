import type { TestRedis } from '@everwarm/testkit';
import type { Place } from './processes/place.ts';
import { type Running, startWorker } from './processes/start.ts';

/** How long tokens are waited for; and while nobody works, when only the sources have what they name. */
const waitMs = { usual: 5000, inVain: 30 } as const;

/** What happens to those who work for a run. */
export type Faults = {
  /** Begins and ends what is due after this share of the writes. */
  step(share: number): void;
  /** Whether nothing is broken now. */
  isQuiet(): boolean;
  /** How long a token is worth waiting for now. */
  timeoutMs(): number;
  /** Resolves when all that began is over. Rejects when something could not be begun or ended. */
  settled(): Promise<void>;
};

type Fault = { readonly what: string; readonly from: number; readonly to: number; begin(): Promise<void>; end(): Promise<void> };

/** Each kind of fault once, one after the other. `workers` is kept up to date. */
export function openFaults(place: Place, redis: TestRedis, workers: Running[], log: (line: string) => void): Faults {
  const start = async () => void workers.push(await startWorker(place));
  const killOne = (what: string, from: number): Fault => ({
    what,
    from,
    to: from,
    begin: () => workers.shift()!.stop('SIGKILL'),
    end: start,
  });
  const coming: Fault[] = [
    killOne('one worker is killed', 0.25),
    {
      what: 'nobody works',
      from: 0.4,
      to: 0.43,
      begin: async () => void (await Promise.all(workers.splice(0).map((worker) => worker.stop()))),
      end: async () => void (await Promise.all([start(), start()])),
    },
    { what: 'Redis is away', from: 0.6, to: 0.65, begin: () => redis.kill(), end: () => redis.start() },
    killOne('another worker is killed', 0.8),
  ];
  let current: Fault | null = null;
  let isEnding = false;
  let happening: Promise<void> = Promise.resolve();
  return {
    step(share) {
      const next = coming[0];
      if (current === null && next && share >= next.from) {
        coming.shift();
        current = next;
        log(`${next.what}, from ${Math.round(share * 100)} % of the writes on`);
        happening = happening.then(() => next.begin());
      }
      const ending = current;
      if (ending === null || isEnding || share < ending.to) return;
      isEnding = true;
      happening = happening
        .then(() => ending.end())
        .then(() => {
          current = null;
          isEnding = false;
        });
    },
    isQuiet: () => current === null,
    timeoutMs: () => (current?.what === 'nobody works' ? waitMs.inVain : waitMs.usual),
    settled: () => happening,
  };
}
