import { expect, test } from 'vitest';
import { features } from './features.ts';
import { randomDeclarations } from './random-program.ts';
import { declare } from './to-models.ts';

const seeds = Array.from({ length: 150 }, (_, index) => index);

test('the same seed makes the same program', () => {
  expect(randomDeclarations(7)).toEqual(randomDeclarations(7));
  expect(randomDeclarations(7)).not.toEqual(randomDeclarations(8));
});

test('every program can be declared, survives as JSON, and every feature is in some and missing in some', () => {
  const seen = new Map<string, number>();
  for (const seed of seeds) {
    const { on, ...declarations } = randomDeclarations(seed);
    expect(() => declare(declarations), `seed ${seed}`).not.toThrow();
    expect(JSON.parse(JSON.stringify(declarations)), `seed ${seed}`).toEqual(declarations);
    for (const feature of on) seen.set(feature, (seen.get(feature) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual([...features].sort());
  expect(Math.max(...seen.values())).toBeLessThan(seeds.length);
});
