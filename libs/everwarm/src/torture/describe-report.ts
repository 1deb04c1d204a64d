import { consistency } from './consistency.ts';
import type { TortureReport } from './types.ts';

/** Healing that takes longer is pointed at. */
const soonMs = 10_000;

/** Resident memory beyond this is pointed at. */
const modestMb = 300;

/** Whether a run found nothing wrong. */
export const isClean = ({ violations, differing }: TortureReport): boolean => violations.length === 0 && differing === 0;

/** A report in words. */
export function describeReport(report: TortureReport): string {
  const { seed, minutes, faults, reads, writes, kills, violations, differing, residentMb } = report;
  const seen = faults.filter(({ count }) => count > 0);
  const injected = seen.reduce((sum, { count }) => sum + count, 0);
  const width = Math.max(0, ...seen.map(({ name }) => name.length));
  return [
    `Seed ${seed}, ${minutes} minutes: ${injected} faults of ${seen.length} of ${faults.length} kinds, ${kills} processes killed, ${writes} transactions, ${reads} answers checked.`,
    '',
    ...seen.map(({ name, count, healMsMax }) => `  ${name.padEnd(width)}  ${String(count).padStart(3)} times  ${healed(healMsMax)}`),
    '',
    `Resident memory at most: ${Object.entries(residentMb)
      .map(([name, mb]) => `${name} ${mb} MB${mb > modestMb ? ` (over ${modestMb})` : ''}`)
      .join(', ')}.`,
    ...(violations.length === 0
      ? ['No law was broken.']
      : ['Broken laws:', ...violations.map(({ law, detail }) => `  law ${law}: ${detail}`)]),
    differing === 0
      ? 'At the end no document and no entry differed, in any copy.'
      : `At the end ${differing} documents or entries DIFFERED.`,
    `So many answers carry a consistency of ${percent(consistency(reads, violations.length))} at 95 %, and no more. Law 9 was not tried: nothing was rebuilt.`,
  ].join('\n');
}

/** In percent, with as many digits as say something; rounded down. */
function percent(share: number): string {
  // A share of exactly so many nines is a hair less in binary.
  const hair = 1e-6;
  const digits = Math.max(1, Math.floor(-Math.log10(1 - share) + hair) - 2);
  return `${(Math.floor(share * 100 * 10 ** digits + hair) / 10 ** digits).toFixed(digits)} %`;
}

function healed(healMsMax: number | null): string {
  if (healMsMax === null) return 'did NOT heal';
  return `healed within ${(healMsMax / 1000).toFixed(1)} s${healMsMax > soonMs ? ` (over ${soonMs / 1000} s)` : ''}`;
}
