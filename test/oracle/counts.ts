/** What is counted of a history, each by its name. */
export const counted = [
  'steps',
  'transactions',
  'statements',
  'refused',
  // Compared, once per step.
  'documents',
  'entries',
  // Moments that came while documents were looked at, touches, and releases that came while rows were written.
  'moments',
  'touches',
  'releases',
  // Documents and entries that transactions wrote themselves, and documents that were evicted.
  'inlined',
  'evicted',
] as const;

/** How much of each. */
export type Counts = Record<(typeof counted)[number], number>;

/** Nothing of any. */
export const noCounts = (): Counts => Object.fromEntries(counted.map((name) => [name, 0])) as Counts;
