import { expect, test } from 'vitest';
import { countTests, failureLines, summaryLine } from './test-run.mjs';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });

test('counts tests', () => {
  const report = { numPassedTests: 2, numFailedTests: 1, testResults: [file('passed', 'passed'), file('failed', 'passed', 'failed')] };
  expect(countTests(report, 1)).toEqual({ code: 1, passed: 2, failed: 1 });
});

test('a file that cannot be loaded counts as one that failed', () => {
  const report = { numPassedTests: 1, numFailedTests: 0, testResults: [file('passed', 'passed'), file('failed')] };
  expect(countTests(report, 1)).toEqual({ code: 1, passed: 1, failed: 1 });
});

test('a run that failed outside of its tests is not reported as "0 failed"', () => {
  expect(countTests({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 1)).toEqual({ code: 1, passed: 5, failed: 1 });
  expect(countTests(undefined, 1)).toEqual({ code: 1, passed: 0, failed: 1 });
});

test('failures make the exit code, even if vitest says 0', () => {
  const report = { numPassedTests: 0, numFailedTests: 1, testResults: [file('failed', 'failed')] };
  expect(countTests(report, 0)).toEqual({ code: 1, passed: 0, failed: 1 });
});

test('ends with one line of one form', () => {
  expect(summaryLine({ code: 0, passed: 12, failed: 0 })).toBe('12 passed, 0 failed');
});

test('says in short what failed', () => {
  const failed = { status: 'failed', fullName: 'laws hold', failureMessages: [`Error: ${'x'.repeat(5000)}`] };
  const lines = failureLines({
    testResults: [
      { name: 'a.test.ts', status: 'failed', assertionResults: [{ status: 'passed', fullName: 'counts' }, failed] },
      { name: 'b.test.ts', status: 'failed', message: 'Cannot find c.ts', assertionResults: [] },
      { name: 'd.test.ts', status: 'passed', assertionResults: [] },
    ],
  });
  expect(lines).toEqual([expect.stringMatching(/^FAILED a\.test\.ts: laws hold: Error: x{593}$/), 'FAILED b.test.ts: Cannot find c.ts']);
  expect(failureLines(undefined)).toEqual([]);
});
