import { setTimeout as pause } from 'node:timers/promises';
import type { EverwarmConfig } from '#config.ts';
import type { Database } from '#contracts/database.ts';
import { createEverwarm, type Everwarm } from '#everwarm.ts';
import type { CommitHistory } from './commit-history.ts';
import { openDirectStores, type Stores } from './direct-stores.ts';
import { readDirectory } from './directory.ts';
import { leftUndone } from './owed.ts';
import type { ReadReport } from './read-tally.ts';
import { compareLag, compareVersions } from './sample-stores.ts';
import type { Judge, ProcessMessage, Stage, StageProcess, Violation } from './types.ts';
import type { Claim } from './witness.ts';

/** What a judge is made of. */
export type JudgeParts = {
  readonly stage: Stage;
  readonly config: Pick<EverwarmConfig, 'readModels' | 'casing'>;
  readonly history: CommitHistory;
  /** Compares every copy, when everything is settled, by means that are not the engine's own. Returns one line for each difference. */
  readonly compare?: (stores: Stores, everwarm: Everwarm) => Promise<readonly string[]>;
  /** As of which of its changes each subject is shown by Postgres now; of those whose document may rightly stay behind, nothing. */
  readonly shownStamps?: (stores: Stores) => Promise<ReadonlyMap<string, number>>;
  /** Since when the writers have been without their connections, if they were; 0 for never. */
  readonly lastOutage: () => number;
};

/** A judge that is at work, and what it learned besides. */
export type OpenJudge = Judge & {
  accuse(violation: Violation): void;
  /** What each client of each running reader claims of a key now; null for a client that gave no document, and for a process that gave no answer in time. */
  look(model: string, key: string): Promise<readonly (readonly Claim[] | null)[]>;
  /** Both stores as they are now. @throws when one does not answer */
  stores(): Promise<Stores>;
  stop(): Promise<void>;
};

type Found = Violation & { readonly at: number };

/** How long both stores are left alone between two looks at them, in milliseconds. */
const lookEveryMs = 1500;

/** How long a reader may think about one look. */
const lookWithinMs = 1000;

/** How long a run may take to come to rest, when it is over. */
const settleWithinMs = 120_000;

/** More violations than this say no more. */
const kept = 500;

/**
 * Hears what every reader saw, and holds it against what was committed. At the end it waits until nothing is owed and has every copy
 * compared: by the engine's own verify, and by `compare`.
 */
export function openJudge({ stage, config, history, compare, shownStamps, lastOutage }: JudgeParts): OpenJudge {
  const found: Found[] = [];
  const tiers: Record<string, number> = {};
  const failed: Record<string, number> = {};
  const looks = new Map<number, (shown: readonly (readonly Claim[] | null)[]) => void>();
  let reads = 0;
  const stores = openDirectStores(stage);
  const floors = new Map<string, string>();
  let asked = 0;
  let lagMsMax = 0;
  let isStopping = false;
  let current: { readonly urls: string; readonly everwarm: Everwarm } | null = null;

  const add = (violation: Found) => void (found.length < kept && found.push(violation));
  const accuse = (violation: Violation) => {
    add({ ...violation, at: Date.now() });
    stage.log(`LAW ${violation.law}: ${violation.detail}`);
  };
  const hear = (from: StageProcess) => (message: ProcessMessage, incarnation: number) => {
    if (message.type === 'looked') looks.get(Number(message['id']))?.(message['shown'] as readonly (readonly Claim[] | null)[]);
    if (message.type !== 'read') return;
    const report = message as ReadReport;
    reads += report.reads;
    for (const [tier, count] of Object.entries(report.tiers)) tiers[tier] = (tiers[tier] ?? 0) + count;
    for (const [code, count] of Object.entries(report.failed)) failed[code] = (failed[code] ?? 0) + count;
    for (const { law, detail, at } of report.violations) {
      add({ law, detail: `${from.name}/${incarnation}: ${detail}`, at });
      stage.log(`LAW ${law}: ${from.name}/${incarnation}: ${detail}`);
    }
    for (const [subject, stamp, asOf] of report.claims) history.claimed(subject, stamp, asOf);
  };
  const readers = stage.processes.filter(({ role }) => role === 'reader');
  const silences = readers.map((reader) => reader.listen(hear(reader)));

  const everwarm = (): Everwarm => {
    const [postgres, redis] = [stage.postgresUrl(), stage.redisUrl()];
    const urls = `${postgres} ${redis}`;
    if (current?.urls === urls) return current.everwarm;
    void current?.everwarm.stop().catch(() => undefined);
    current = { urls, everwarm: createEverwarm({ ...config, postgres, redis, namespace: stage.namespace, onError: () => undefined }) };
    return current.everwarm;
  };
  const direct = async () => {
    const { db } = await stores.now();
    const directory = await readDirectory(db);
    for (const reader of readers) reader.send({ type: 'directory', directory });
  };
  const sample = async () => {
    const now = await stores.now();
    const compared = await compareVersions(now, floors);
    const lag = shownStamps ? await compareLag(everwarm(), history, () => shownStamps(now)) : null;
    lagMsMax = Math.max(lagMsMax, lag?.lagMs ?? 0);
    for (const violation of [...compared, ...(lag?.violation ? [lag.violation] : [])]) accuse(violation);
  };
  /** One after the other, for as long as the run lasts; a server that is away is asked again. */
  const watch = async () => {
    while (!isStopping) {
      await direct().catch(() => undefined);
      await sample().catch(() => undefined);
      await pause(lookEveryMs);
    }
  };
  const watching = watch();

  const lookAt = (reader: StageProcess, model: string, key: string) =>
    new Promise<readonly (readonly Claim[] | null)[]>((resolve) => {
      const id = ++asked;
      const end = (shown: readonly (readonly Claim[] | null)[]) => {
        clearTimeout(timer);
        looks.delete(id);
        resolve(shown);
      };
      const timer = setTimeout(() => end([null]), lookWithinMs);
      looks.set(id, end);
      reader.send({ type: 'look', id, model, key });
    });

  return {
    accuse,
    stores: () => stores.now(),
    reads: () => reads,
    violations: () => found.map(({ law, detail }) => ({ law, detail })),
    look: async (model, key) =>
      (await Promise.all(readers.filter(({ state }) => state === 'running').map((reader) => lookAt(reader, model, key)))).flat(),
    async postgresLostItsTail() {
      history.forget();
      for (const reader of readers) reader.send({ type: 'forget' });
      // Two moments on both sides of a promotion are of two histories.
      const since = lastOutage();
      const believed = found.filter(({ law, at }) => !((law === 3 || law === 8 || law === 10) && since > 0 && at >= since));
      found.splice(0, found.length, ...believed);
      floors.clear();
      await direct().catch(() => undefined);
    },
    async compareAll() {
      isStopping = true;
      await watching;
      stage.log(`Answers by tier: ${counts(tiers)}. Questions answered by an error: ${counts(failed)}. Largest lag told: ${lagMsMax} ms.`);
      const all = everwarm();
      await all
        .settled({ timeoutMs: settleWithinMs })
        .catch((error: unknown) => accuse({ law: 2, detail: `it does not come to rest: ${String(error)}` }));
      const now = await stores.now();
      for (const detail of await undoneWithin(now.db, settleWithinMs)) accuse({ law: 2, detail });
      let differing = 0;
      for (const model of config.readModels) {
        const verified = await all.verify(model);
        differing += verified.differing + verified.inFlight;
        for (const { key, layer, cause } of verified.findings) accuse({ law: 6, detail: `${model.name} ${key} in ${layer}: ${cause}` });
      }
      const differences = (await compare?.(now, all)) ?? [];
      for (const detail of differences) accuse({ law: 6, detail });
      return Math.max(differing, differences.length);
    },
    async stop() {
      isStopping = true;
      await watching;
      for (const silence of silences) silence();
      await current?.everwarm.stop();
      await stores.close();
    },
  };
}

/** What is left undone after that time: what was in quarantine when it was put right is tried at its own time, which `settled` waits for no more than for others. */
async function undoneWithin(db: Database, ms: number): Promise<string[]> {
  const until = performance.now() + ms;
  for (;;) {
    const undone = await leftUndone(db);
    if (undone.length === 0 || performance.now() > until) return undone;
    await pause(lookEveryMs);
  }
}

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';
