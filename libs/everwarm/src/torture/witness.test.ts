import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Violation } from './types.ts';
import { type Answer, type Inspect, Witness } from './witness.ts';

type Shown = { readonly stamp: number; readonly life?: number; readonly torn?: boolean; readonly of?: string };

const inspect: Inspect = (_, { value }) => {
  const { torn = false, of = null, ...claim } = value as Shown;
  return { key: of, claims: [{ subject: 's', ...claim }], contradiction: torn ? 'torn' : null };
};

function open() {
  const accused: Violation[] = [];
  const witness = new Witness({
    inspect,
    staysGone: (_, key) => key.startsWith('mortal'),
    accuse: (violation) => void accused.push(violation),
  });
  return { witness, laws: () => accused.map(({ law }) => law) };
}

const answer = (version: number | null, value: Shown): Answer => ({
  value,
  version: version === null ? null : `0001-${String(version).padStart(19, '0')}`,
  asOf: 0,
  tier: version === null ? 'source' : 'redis',
});

/** What a client is shown, one after another; null for no document. */
function lawsOf(...answers: readonly (Answer | null)[]): number[] {
  const { witness, laws } = open();
  for (const one of answers) witness.sawDocument('m', 'k', one);
  return laws();
}

describe('documents', () => {
  it('may come again, go up, go, and come back newer', () => {
    expect(
      lawsOf(
        answer(1, { stamp: 1, life: 1 }),
        answer(1, { stamp: 1, life: 1 }),
        answer(null, { stamp: 2, life: 1 }),
        answer(5, { stamp: 2, life: 1 }),
        null,
        null,
        answer(6, { stamp: 4, life: 2 }),
      ),
    ).toEqual([]);
  });

  it('of a version that went down break law 3', () => {
    expect(lawsOf(answer(2, { stamp: 1 }), answer(1, { stamp: 1 }))).toEqual([3]);
  });

  it('that show an older state break law 3, be their version what it may', () => {
    expect(lawsOf(answer(1, { stamp: 2 }), answer(2, { stamp: 1 }))).toEqual([3]);
    expect(lawsOf(answer(null, { stamp: 2 }), answer(1, { stamp: 1 }))).toEqual([3]);
  });

  it('that were deleted and come back as they were break law 8', () => {
    expect(lawsOf(answer(2, { stamp: 1 }), null, answer(2, { stamp: 1 }))).toEqual([8]);
    expect(lawsOf(answer(2, { stamp: 1, life: 1 }), null, answer(4, { stamp: 2, life: 1 }))).toEqual([8]);
    expect(lawsOf(answer(2, { stamp: 1, life: 1 }), null, answer(null, { stamp: 2, life: 1 }))).toEqual([8]);
  });

  it('that contradict themselves break law 7', () => {
    expect(lawsOf(answer(1, { stamp: 1, torn: true }))).toEqual([7]);
  });

  it('of another key break law 6', () => {
    expect(lawsOf(answer(1, { stamp: 1, of: 'k' }), answer(1, { stamp: 1, of: 'another' }))).toEqual([6]);
  });

  it('on a page are documents of their keys', () => {
    const { witness, laws } = open();
    witness.sawDocument('m', 'k', answer(2, { stamp: 2 }));
    expect(witness.sawItem('m', answer(1, { stamp: 1, of: 'k' })).key).toBe('k');
    expect(laws()).toEqual([3, 3]);
    expect(witness.sawItem('m', answer(1, { stamp: 1 })).key).toBe(null);
  });

  it('are judged per key and per client', () => {
    const { witness, laws } = open();
    witness.sawDocument('m', 'a', answer(2, { stamp: 2 }));
    witness.sawDocument('m', 'b', answer(1, { stamp: 1 }));
    witness.sawDocument('n', 'a', answer(1, { stamp: 1 }));
    expect(laws()).toEqual([]);
  });

  it('are new to who forgot everything', () => {
    const { witness, laws } = open();
    witness.sawDocument('m', 'a', answer(2, { stamp: 2 }));
    witness.forget();
    witness.sawDocument('m', 'a', answer(1, { stamp: 1 }));
    expect(laws()).toEqual([]);
  });

  it('in any right order accuse nobody, and one taken from the past always does', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 2 })), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.nat(), (history, at) => {
        let [version, stamp] = [1, 1];
        const answers = history.map(([newer, changes]) => {
          version += newer;
          stamp += newer === 0 ? 0 : changes;
          return { version, stamp };
        });
        const told = answers.map((one) => answer(one.version, { stamp: one.stamp }));
        expect(lawsOf(...told)).toEqual([]);
        const past = answers[at % answers.length]!;
        const isOlder = past.version < version;
        expect(lawsOf(...told, answer(past.version, { stamp: past.stamp })).includes(3)).toBe(isOlder);
      }),
    );
  });
});

describe('entries of pages', () => {
  const page = (keys: string[], isWhole = true, partition = 'p') => ({ list: 'l', partition, keys, isWhole });

  it('that stay gone accuse nobody', () => {
    const { witness, laws } = open();
    for (const keys of [['mortal 1', 'mortal 2'], ['mortal 2'], [], []]) witness.sawPage(page(keys));
    witness.sawPage(page(['mortal 1'], true, 'another'));
    expect(laws()).toEqual([]);
  });

  it('that were gone from their partition and are back break law 8', () => {
    const { witness, laws } = open();
    for (const keys of [['mortal 1'], [], ['mortal 1']]) witness.sawPage(page(keys));
    expect(laws()).toEqual([8]);
  });

  it('that may come back, or were only beyond the end of the page, accuse nobody', () => {
    const { witness, laws } = open();
    for (const keys of [['other'], [], ['other']]) witness.sawPage(page(keys));
    witness.sawPage(page(['mortal 1']));
    witness.sawPage(page([], false));
    witness.sawPage(page(['mortal 1']));
    expect(laws()).toEqual([]);
  });

  it('that stand twice on a page break law 6', () => {
    const { witness, laws } = open();
    witness.sawPage(page(['a', 'b', 'a']));
    expect(laws()).toEqual([6]);
  });
});
