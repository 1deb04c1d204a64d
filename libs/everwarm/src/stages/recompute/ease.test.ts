import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import { Ease } from './ease.ts';
import { turns } from './turns.ts';

const note = (ease: Ease, times: number, factor: number, random = seededRandom('how long batches take')) => {
  for (let batch = 0; batch < times; batch++) {
    const keys = random.pick([1, 4, 300]);
    ease.note(keys, (2 + keys * 0.25) * factor * (0.5 + random.next()));
  }
};

test('batches that vary as batches do all run', () => {
  const ease = new Ease(8);
  note(ease, 2000, 1);
  expect(ease.limit).toBe(8);
});

test('while batches take ten times as long fewer run at once, and all again when they are quick', () => {
  const ease = new Ease(8);
  note(ease, 500, 1);
  note(ease, 40, 10);
  expect(ease.limit).toBeLessThanOrEqual(2);
  note(ease, 400, 1);
  expect(ease.limit).toBe(8);
});

test('a database that is slow for good is the usual one in the end', () => {
  const ease = new Ease(4);
  note(ease, 300, 1);
  note(ease, 5000, 10);
  expect(ease.limit).toBe(4);
});

test('turns follow a limit that changes', async () => {
  let limit = 3;
  let [running, most] = [0, 0];
  const takeTurn = turns(() => limit);
  const gates: (() => void)[] = [];
  const action = () =>
    takeTurn(async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running--;
    });
  const all = Array.from({ length: 6 }, action);
  expect(running).toBe(3);
  limit = 1;
  for (let open = 0; open < 2; open++) {
    gates.shift()?.();
    await Promise.resolve();
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(running).toBe(1);
  most = 0;
  while (gates.length > 0) {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  expect(most).toBe(1);
});
