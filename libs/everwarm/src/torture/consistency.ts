/**
 * How consistent the answers were, as far as so many checks carry it, at 95 %: no violation in N checks is 1 − 3/N. With violations
 * it is what the greatest rate leaves that would show so few of them in one run of twenty: the upper bound of a Poisson count, by
 * Wilson's and Hilferty's approximation. 0 when nothing was checked.
 */
export function consistency(reads: number, violations: number): number {
  if (reads === 0) return 0;
  const next = violations + 1;
  const bound = violations === 0 ? 3 : next * (1 - 1 / (9 * next) + 1.645 / (3 * Math.sqrt(next))) ** 3;
  return Math.max(0, 1 - bound / reads);
}
