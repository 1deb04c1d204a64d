import { EventEmitter, once } from 'node:events';
import { expect, test } from 'vitest';
import { readTurns } from './read-turns.ts';

/** Work that ends when it is told to. */
function work() {
  const ends = new EventEmitter();
  const state = { begun: false };
  const end = once(ends, 'end').then(([answer]) => answer as string);
  const run = () => {
    state.begun = true;
    return end;
  };
  return { run, state, resolve: (answer: string) => ends.emit('end', answer), reject: (error: Error) => ends.emit('error', error) };
}

const limits = { atOnce: 2, waiting: 1, waitMs: 60_000, turnMs: 60_000 };
const tick = () => new Promise((resolve) => setImmediate(resolve));

test('as many as may work at once, the next waits its turn, and who finds no place is told', async () => {
  const turns = readTurns(limits);
  const [one, two, three] = [work(), work(), work()];
  const answers = [one, two, three].map(({ run }) => turns(run));
  await tick();
  expect([one, two, three].map(({ state }) => state.begun)).toEqual([true, true, false]);
  await expect(turns(work().run)).rejects.toMatchObject({ code: 'E_OVERLOADED' });
  one.reject(new Error('failed'));
  await expect(answers[0]).rejects.toThrow('failed');
  await tick();
  expect(three.state.begun).toBe(true);
  two.resolve('two');
  three.resolve('three');
  expect(await Promise.all(answers.slice(1))).toEqual(['two', 'three']);
});

test('who waits too long for a turn is told, and leaves no gap behind', async () => {
  const turns = readTurns({ ...limits, atOnce: 1, waitMs: 5 });
  const [one, two] = [work(), work()];
  const first = turns(one.run);
  await expect(turns(two.run)).rejects.toMatchObject({ code: 'E_OVERLOADED' });
  one.resolve('one');
  expect(await first).toBe('one');
  const three = work();
  three.resolve('three');
  expect(await turns(three.run)).toBe('three');
  expect(two.state.begun).toBe(false);
});

test('a turn that takes too long is not waited for, but keeps its place until it ends', async () => {
  const turns = readTurns({ ...limits, atOnce: 1, waitMs: 5, turnMs: 5 });
  const one = work();
  await expect(turns(one.run)).rejects.toMatchObject({ code: 'E_POSTGRES' });
  await expect(turns(work().run)).rejects.toMatchObject({ code: 'E_OVERLOADED' });
  one.resolve('late');
  await tick();
  expect(await turns(async () => 'next')).toBe('next');
});
