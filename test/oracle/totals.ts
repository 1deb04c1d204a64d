import { type Counts, counted, noCounts } from './counts.ts';
import type { Declarations } from './programs/program.ts';
import type { History } from './run-history.ts';

/** What a run of the oracle did so far. */
export type Totals = Counts & {
  schemas: number;
  tables: number;
  models: number;
  lists: number;
  /** Read by Drizzle's own query, too, with the single values in them. */
  witnessed: number;
  values: number;
  /** What of that Drizzle cannot say, and how often it was left out. */
  readonly leftOut: Map<string, number>;
  /** Each feature with the number of programs that had it. */
  readonly features: Map<string, number>;
};

/** Nothing done. */
export const emptyTotals = (): Totals => ({
  schemas: 0,
  tables: 0,
  models: 0,
  lists: 0,
  ...noCounts(),
  witnessed: 0,
  values: 0,
  leftOut: new Map(),
  features: new Map(),
});

/** Adds a history, and the program it was played in where that was a random one. */
export function addHistory(totals: Totals, history: History, made?: Declarations & { readonly on: readonly string[] }): void {
  for (const name of counted) totals[name] += history[name];
  totals.witnessed += history.witnessed.documents;
  totals.values += history.witnessed.values;
  for (const [what, times] of history.witnessed.leftOut) totals.leftOut.set(what, (totals.leftOut.get(what) ?? 0) + times);
  totals.schemas++;
  if (!made) return;
  totals.tables += made.schema.tables.length;
  totals.models += made.models.length;
  totals.lists += made.lists.length;
  for (const feature of made.on) totals.features.set(feature, (totals.features.get(feature) ?? 0) + 1);
}

/** The counts on one line. */
export function printTotals(totals: Totals): string {
  const { schemas, tables, models, lists, steps, transactions, statements, refused, documents, entries } = totals;
  const { moments, touches, releases, inlined, evicted, witnessed, values } = totals;
  return [
    `${schemas} schemas with ${tables} tables, ${models} read models, ${lists} lists`,
    `${steps} steps of ${transactions} transactions, ${statements} statements (${refused} refused), ${moments} moments that came, ${touches} touches, ${releases} releases, ${inlined} documents and entries written inline, ${evicted} evicted`,
    `${documents} documents and ${entries} list entries compared, ${witnessed} of the documents with ${values} values also with Drizzle`,
  ].join('; ');
}

/** What the second witness could not say. */
export function printLeftOut({ leftOut }: Totals): string {
  const parts = [...leftOut].sort(([, a], [, b]) => b - a).map(([what, times]) => `${what} ${times}`);
  return `Beyond Drizzle: ${parts.join(', ') || 'nothing'}`;
}
