import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Guard } from './guard.ts';
import { copyWorkspace, type Mutant } from './mutant.ts';

/**
 * A law whose guard can be removed unnoticed has no test: makes a test for each guard, in which its stage is built without it and
 * the test of the law must fail; and one in which, with all guards, these tests pass in the same copy.
 */
export function takeAway(guards: readonly Guard[]): void {
  let mutant: Mutant;
  beforeAll(async () => {
    mutant = await copyWorkspace();
  });
  afterAll(() => mutant.remove());

  test('with all guards, the tests of the laws pass in the copy too', { timeout: 300_000 }, async () => {
    const report = await mutant.run('all guards', guards);
    expect(report.failed, report.output).toEqual([]);
    expect(report.passed.toSorted()).toEqual([...new Set(guards.map((guard) => guard.test))].toSorted());
  });

  test.each(guards)('law $law is broken, and its test says so, without: $name', { timeout: 120_000 }, async (guard) => {
    await mutant.switchOff(guard);
    try {
      let report = await mutant.run(guard.name, [guard]);
      // What a missing guard lets through may need some luck to happen.
      for (let more = 2; more > 0 && report.failed.length === 0; more--) report = await mutant.run(guard.name, [guard]);
      expect(report, report.output).toMatchObject({ passed: [], failed: [guard.test] });
    } finally {
      await mutant.switchOn(guard);
    }
  });
}
