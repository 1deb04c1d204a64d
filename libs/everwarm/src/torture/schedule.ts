import type { Fault, Random } from './types.ts';

/** One fault of a round: when it begins after the round's own beginning, and how long it lasts. */
export type Turn = { readonly fault: Fault; readonly afterMs: number; readonly lastsMs: number };

/** Faults of one round; they overlap in time and have nothing in their grips in common. */
export type Round = readonly Turn[];

/** How often a second fault joins the first. */
const overlapShare = 0.25;

/**
 * Rounds without end. Faults come in decks: each deck holds every fault once, in an order of its own, so that after n decks each
 * was there n times at least. A fault that overlaps another is drawn from the same deck.
 */
export function* rounds(faults: readonly Fault[], random: Random): Generator<Round> {
  for (;;) {
    const deck = random.shuffle(faults);
    while (deck.length > 0) {
      const first = deck.shift()!;
      const second = random.chance(overlapShare) ? deck.findIndex((other) => !collide(first, other)) : -1;
      const partner = second < 0 ? undefined : deck.splice(second, 1)[0];
      yield [turn(first, 0, random), ...(partner ? [turn(partner, random.integer(0, Math.round(first.lasts[0] / 2)), random)] : [])];
    }
  }
}

/** How many rounds' worth of faults make a run of that many minutes: each fault once in ten minutes. */
export const decksOf = (minutes: number): number => Math.floor(minutes / 10);

/** Whether two faults must not be under way at once. */
export function collide(one: Fault, other: Fault): boolean {
  return one.grips.some((grip) => other.grips.includes(grip));
}

function turn(fault: Fault, afterMs: number, random: Random): Turn {
  return { fault, afterMs, lastsMs: random.integer(...fault.lasts) };
}
