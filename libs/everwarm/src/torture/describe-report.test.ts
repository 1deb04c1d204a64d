import { expect, test } from 'vitest';
import { describeReport } from './describe-report.ts';
import type { TortureReport } from './types.ts';

const clean: TortureReport = {
  seed: 1,
  minutes: 30,
  faults: [{ name: 'flushall', count: 3, healMsMax: 1200 }],
  reads: 3_000_000,
  violations: [],
  differing: 0,
  writes: 5,
  kills: 0,
  residentMb: { worker: 120 },
};

test('a report says what so many answers carry', () => {
  expect(describeReport(clean)).toContain('a consistency of 99.9999 % at 95 %');
  expect(describeReport({ ...clean, reads: 300 })).toContain('a consistency of 99.0 % at 95 %');
  expect(describeReport({ ...clean, reads: 1000, violations: [{ law: 3, detail: 'x' }] })).toContain('a consistency of 99.5 % at 95 %');
  expect(describeReport({ ...clean, reads: 0 })).toContain('a consistency of 0.0 % at 95 %');
});

test('a report names what was broken, what did not heal and what is large', () => {
  const words = describeReport({
    ...clean,
    faults: [{ name: 'flushall', count: 3, healMsMax: null }],
    violations: [{ law: 3, detail: 'back in time' }],
    differing: 2,
    residentMb: { worker: 420 },
  });
  for (const part of ['did NOT heal', 'law 3: back in time', '2 documents or entries DIFFERED', '420 MB (over 300)'])
    expect(words).toContain(part);
});
