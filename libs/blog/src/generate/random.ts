/** Draws numbers that depend on nothing but the seed and the name they were drawn for. */
export type Random = {
  /** In [0, 1). */
  unit(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /**
   * A rank in [0, size), Zipf-distributed with exponent 1: rank k comes up in proportion to 1 / (k + 1). By the inverse of the
   * continuous law, which needs no table and no memory.
   */
  rank(size: number): number;
};

/** The numbers of one thing, such as post 7 of seed 1: the same in every run, whatever else is generated before it. */
export function randomOf(seed: number, kind: string, index: number): Random {
  let state = hash(`${seed}/${kind}/${index}`);
  const unit = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    unit,
    below: (below) => Math.floor(unit() * below),
    rank: (size) => Math.min(size - 1, Math.floor((size + 1) ** unit()) - 1),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}
