import { TestSignal, waitFor } from '@everwarm/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { repeat } from './repeat.ts';

test('work is done again and again; of an outage the first failure is told', async () => {
  const turns = new TestSignal<number>('a turn');
  const told: unknown[] = [];
  let turn = 0;
  const repeated = repeat(
    async () => {
      turns.fire(++turn);
      if (turn === 2 || turn === 3 || turn === 5) throw new Error(`turn ${turn}`);
    },
    (error) => told.push(error),
    1,
  );
  onTestFinished(() => repeated.stop());
  for (let n = 1; n <= 6; n++) expect(await turns.next()).toBe(n);
  expect(told).toEqual([new Error('turn 2'), new Error('turn 5')]);
});

test('stopping waits for the turn under way, and nothing is done after it', async () => {
  const begun = new TestSignal('a turn');
  let finish: () => void = () => undefined;
  let turns = 0;
  const work = () => {
    turns++;
    begun.fire();
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  const repeated = repeat(work, () => undefined, 1);
  await begun.next();
  let hasStopped = false;
  const stopping = repeated.stop().then(() => {
    hasStopped = true;
  });
  await Promise.resolve();
  expect(hasStopped).toBe(false);
  finish();
  await stopping;
  await waitFor(() => hasStopped, { what: 'the end' });
  expect([turns, begun.pending]).toEqual([1, 0]);
});
