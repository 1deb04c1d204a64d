import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommitHistory } from './commit-history.ts';
import type { Violation } from './types.ts';

function open() {
  const accused: Violation[] = [];
  return { history: new CommitHistory((violation) => void accused.push(violation)), laws: () => accused.map(({ law }) => law) };
}

test('a document without a change that was committed before its moment breaks law 10, whoever is heard first', () => {
  const first = open();
  first.history.committed('k', 2, 1000);
  first.history.claimed('k', 1, 1100);
  expect(first.laws()).toEqual([10]);
  const second = open();
  second.history.claimed('k', 1, 1100);
  second.history.committed('k', 2, 1000);
  expect(second.laws()).toEqual([10]);
});

test('a document of an earlier moment may lack it, and one that shows it or a later change may be of any', () => {
  const { history, laws } = open();
  history.committed('k', 2, 1000);
  history.claimed('k', 1, 1000);
  history.claimed('k', 2, 5000);
  history.claimed('k', 3, 5000);
  history.claimed('other', 1, 5000);
  expect(laws()).toEqual([]);
});

test('what is asked of it: the last change, and the oldest that is not shown', () => {
  const { history } = open();
  for (const [stamp, at] of [
    [1, 100],
    [3, 300],
    [2, 310],
  ] as const)
    history.committed('k', stamp, at);
  expect([history.last('k'), history.last('other')]).toEqual([3, 0]);
  expect([history.oldestAfter('k', 1), history.oldestAfter('k', 2), history.oldestAfter('k', 3)]).toEqual([300, 300, null]);
  expect(history.subjects()).toEqual(['k']);
  history.forget();
  expect(history.last('k')).toBe(0);
});

test('no order of hearing accuses a right history, and every order finds a wrong moment', () => {
  type Fact = { readonly kind: 'commit' | 'claim'; readonly stamp: number; readonly time: number };
  const commits = fc.array(fc.integer({ min: 5, max: 50 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(commits, fc.infiniteStream(fc.nat({ max: 1000 })), (gaps, draws) => {
      let time = 0;
      const facts = gaps.flatMap((gap, index): Fact[] => {
        time += gap;
        // A document is as of any moment before the next commit.
        return [
          { kind: 'commit', stamp: index + 1, time },
          { kind: 'claim', stamp: index, time: time - 1 },
        ];
      });
      const draw = () => draws.next().value ?? 0;
      const shuffled = facts.map((fact) => ({ fact, place: draw() })).toSorted((a, b) => a.place - b.place);
      const tell = ({ kind, stamp, time: at }: Fact, to: CommitHistory) =>
        kind === 'commit' ? to.committed('k', stamp, at) : to.claimed('k', stamp, at);
      const right = open();
      for (const { fact } of shuffled) tell(fact, right.history);
      expect(right.laws()).toEqual([]);
      const wrong = open();
      const lie: Fact = { kind: 'claim', stamp: gaps.length - 1, time: time + 3 };
      for (const { fact } of [...shuffled, { fact: lie, place: draw() }].toSorted((a, b) => a.place - b.place)) tell(fact, wrong.history);
      expect(wrong.laws()).toEqual([10]);
    }),
  );
});
