import { afterAll, beforeAll, expect, test } from 'vitest';
import { guards } from './guards.ts';
import { copyWorkspace, type Mutant } from './mutant.ts';

/*
 * A law whose guard can be removed unnoticed has no test: each stage is built once without each of its guards, and the test of the
 * law must fail.
 */

let mutant: Mutant;
beforeAll(async () => {
  mutant = await copyWorkspace();
});
afterAll(() => mutant.remove());

const laws = new Set(guards.map(({ law }) => law));

test('every law has a guard that can be taken away', () => {
  expect([...laws].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('with all guards, the tests of the laws pass in the copy too', { timeout: 300_000 }, async () => {
  const report = await mutant.run('all guards', guards);
  expect(report.failed, report.output).toEqual([]);
  expect(report.passed.toSorted()).toEqual([...new Set(guards.map((guard) => guard.test))].toSorted());
});

test.each(guards)('law $law is broken, and its test says so, without: $name', { timeout: 120_000 }, async (guard) => {
  await mutant.switchOff(guard);
  try {
    const report = await mutant.run(guard.name, [guard]);
    expect(report, report.output).toMatchObject({ passed: [], failed: [guard.test] });
  } finally {
    await mutant.switchOn(guard);
  }
});
