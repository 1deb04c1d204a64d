import { seededRandom } from '@everwarm/testkit';
import { expect, it } from 'vitest';
import { describeReport } from '../../libs/everwarm/src/torture/describe-report.ts';
import { runYardTorture } from './run.ts';

it('no law is broken and nothing differs, whatever is killed, cut, stalled, emptied and dropped in 90 seconds', async () => {
  const { seed } = seededRandom('torture');
  const story: string[] = [];
  const report = await runYardTorture({ seed, minutes: 1.5, faults: [], rate: 40, log: (line) => void story.push(line) });
  expect(report, `${describeReport(report)}\n${story.join('\n')}`).toMatchObject({ violations: [], differing: 0 });
  expect(report.faults.some(({ count }) => count > 0)).toBe(true);
  expect(report.reads).toBeGreaterThan(1000);
}, 400_000);
