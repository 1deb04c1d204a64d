/** Named numbers that one round gave. */
export type Measures = Readonly<Record<string, number>>;

/** One of the things compared. `measure` runs one round of it, warm-up included, and leaves the machine quiet. */
export type Side<Name extends string> = { readonly name: Name; readonly measure: (round: number) => Promise<Measures> };

/**
 * Measures every side once per round, every other round in reverse order, so that a machine that slows down or speeds up
 * meanwhile does so for all. Sides never run at the same time.
 */
export async function inTurns<Name extends string>(
  rounds: number,
  sides: readonly Side<Name>[],
  measured: (side: Name, round: number, measures: Measures) => void = () => undefined,
): Promise<ReadonlyMap<Name, readonly Measures[]>> {
  const all = new Map<Name, Measures[]>(sides.map((side) => [side.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
      const measures = await side.measure(round);
      all.get(side.name)?.push(measures);
      measured(side.name, round, measures);
    }
  }
  return all;
}

/** The median of one named number over the rounds of one side. Throws when a round lacks it. */
export function medianOf(rounds: readonly Measures[] | undefined, name: string): number {
  const values = (rounds ?? []).map((measures) => {
    const value = measures[name];
    if (value === undefined) throw new RangeError(`A round did not measure "${name}". It measured: ${Object.keys(measures).join(', ')}.`);
    return value;
  });
  return median(values);
}

/** The middle value; of an even number of values the mean of the middle two. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('There is no median of no values: nothing was measured.');
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The smallest value that at least this share (0 to 1) of the values does not exceed. Throws on an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is no percentile of no values: nothing was measured.');
  return value;
}
