import { basename, resolve } from 'node:path';
import { importDump } from '../import/import-dump.ts';
import { findDump, type MalformedRow } from '../import/stage-dump.ts';
import { databaseUrl } from './database-url.ts';
import { type ProgressLine, startProgress } from './progress-line.ts';

/** The options of `import`, as commander gives them. */
export type ImportFlags = { bulk?: true; replay?: true; strict?: true; source?: string; limit?: number; rate?: number };

/** Malformed rows told one by one, per file; a file that is not a dump at all would otherwise fill the screen. */
const TOLD_PER_FILE = 50;

/** `blog import DIR`: imports a dump and prints what became of it. */
export async function importVerb(folder: string, flags: ImportFlags): Promise<void> {
  const began = performance.now();
  const url = databaseUrl();
  const dump = await findDump(folder, flags.source ?? basename(resolve(folder)));
  const written = new Map<string, number>();
  const refused = new Map<string, number>();
  let steps = 0;
  let line: ProgressLine | undefined;
  const { outcome, leftOut } = await importDump(url, dump, {
    mode: flags.bulk ? 'bulk' : 'replay',
    strict: flags.strict ?? false,
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    rate: flags.rate ?? Number.POSITIVE_INFINITY,
    onMalformed: tellMalformed(flags.strict ?? false),
    onPlanned(total) {
      console.error(`Read ${dump.folder} in ${seconds(began)} s: ${total.toLocaleString('en')} steps to write.`);
      line = startProgress(flags.bulk ? 'Loading' : 'Replaying', total);
    },
    onStep(step, stepOutcome, reason) {
      steps += 1;
      line?.add(1);
      if (stepOutcome === 'written') count(written, step.kind);
      else count(refused, `${step.kind}: ${reason?.replace(/\b\d+\b/g, 'N') ?? ''}`);
    },
    onWindow(windowSteps) {
      steps += windowSteps;
      line?.add(windowSteps);
    },
  });
  if (outcome === 'nothing to do') {
    console.log(`Nothing to do: ${dump.source} was imported before and has not changed.`);
    return;
  }
  const rate = Math.round(steps / ((performance.now() - began) / 1000));
  line?.end(`${steps.toLocaleString('en')} steps in ${seconds(began)} s (${rate.toLocaleString('en')}/s)`);
  table('Written', written);
  table('Refused by the blog', refused);
  table('Left out', new Map(leftOut.map((row) => [row.reason, row.rows])));
  console.log(outcome === 'limited' ? 'Stopped at --limit; run it again to go on.' : `Imported ${dump.source}.`);
}

function tellMalformed(strict: boolean): (row: MalformedRow) => void {
  const told = new Map<string, number>();
  return ({ file, line, reason }) => {
    // The error of a strict run says the same.
    if (strict) return;
    const before = count(told, file);
    if (before <= TOLD_PER_FILE) console.error(`${file}:${line}: ${reason}; skipped`);
    if (before === TOLD_PER_FILE) console.error(`${file}: more malformed rows are only counted.`);
  };
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1;
  counts.set(key, next);
  return next;
}

function table(title: string, counts: ReadonlyMap<string, number>): void {
  if (counts.size === 0) return;
  console.log(`${title}:`);
  for (const [name, number] of counts) console.log(`  ${number.toLocaleString('en').padStart(9)}  ${name}`);
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
