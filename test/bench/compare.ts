import { type Measures, medianOf } from './rounds.ts';
import type { Result } from './scenario.ts';

/** What one line compares: a named number of two sides. */
export type Comparison = {
  readonly scenario: string;
  readonly row: string;
  readonly unit: string;
  readonly better: Result['better'];
  /** The name under which both sides measured it. */
  readonly measure: string;
  readonly everwarm: readonly Measures[] | undefined;
  readonly against: string;
  readonly other: readonly Measures[] | undefined;
};

/** Makes a line of the table: medians over the rounds, and their ratio. */
export function compare({ scenario, row, unit, better, measure, everwarm, against, other }: Comparison): Result {
  const [ours, theirs] = [medianOf(everwarm, measure), medianOf(other, measure)];
  // Of what both sides have none, neither has more.
  const ratio = ours === theirs ? 1 : ours / theirs;
  return { scenario, row, unit, everwarm: ours, against, other: theirs, ratio, better, rounds: everwarm?.length ?? 0 };
}

/** A line about one run that is held against a limit. */
export function limit(scenario: string, row: string, unit: string, everwarm: number, most: number, against = 'the limit'): Result {
  return { scenario, row, unit, everwarm, against, other: most, ratio: everwarm / most, better: 'lower', rounds: 1 };
}
