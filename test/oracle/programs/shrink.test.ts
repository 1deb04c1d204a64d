import { expect, test } from 'vitest';
import type { Step } from '../random-transactions.ts';
import type { Program } from './program.ts';
import { randomDeclarations } from './random-program.ts';
import { shrink } from './shrink.ts';
import { declare } from './to-models.ts';

const remove = (table: string) => ({ do: 'delete', table, where: null }) as const;
const step = (...tables: string[]): Step => ({
  transactions: tables.map((table) => ({
    isolation: 'read committed',
    settings: [],
    parts: [remove(table), remove('other')],
    ending: 'commit',
  })),
  order: tables.map((_, index) => index),
  resolve: [],
});

/** Fails where a deletion from `guilty` meets a read model at all; a program that cannot be declared is no failure. */
async function fails(program: Program): Promise<boolean> {
  try {
    declare(program);
  } catch {
    return false;
  }
  const writes = program.history.flatMap(({ transactions }) => transactions.flatMap(({ parts }) => parts));
  return program.models.length > 0 && writes.some((write) => 'do' in write && write.do === 'delete' && write.table === 'guilty');
}

test('a failing program comes down to what it fails by', async () => {
  const { on: _, ...declarations } = randomDeclarations(5);
  const history = [step('a', 'b'), step('c'), step('d', 'guilty', 'e'), step('f'), step('g', 'h')];
  const smallest = await shrink({ seed: 5, ...declarations, history }, fails, 60_000);
  expect(smallest.history).toHaveLength(1);
  expect(smallest.history[0]?.transactions.map(({ parts }) => parts)).toEqual([[remove('guilty')]]);
  expect(smallest).toMatchObject({ seed: 5, lists: [], schema: { references: [] } });
  expect(smallest.models).toHaveLength(1);
  expect(smallest.schema.tables).toHaveLength(1);
  expect(await fails(smallest)).toBe(true);
});

test('a program that does not fail again is left as it is', async () => {
  const { on: _, ...declarations } = randomDeclarations(6);
  const program = { seed: 6, ...declarations, history: [step('a')] };
  expect(await shrink(program, fails, 1_000)).toEqual(program);
});
