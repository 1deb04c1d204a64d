import { expect, onTestFinished, test } from 'vitest';
import type { Generation } from '#contracts/compiled.ts';
import { EverwarmError, type EverwarmErrorCode } from '#contracts/errors.ts';
import { Ending } from './watch.ts';
import { Watches } from './watches.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each<[EverwarmErrorCode, string[]]>([
  ['E_DOCUMENT', ['abc', 'a', 'b', 'c']],
  ['E_OVERLOADED', ['abc']],
  ['E_POSTGRES', ['abc']],
])('keys whose read failed by %s are read as %j', async (code, expected) => {
  const reads: string[] = [];
  let isFailing = false;
  const watches = new Watches({
    read: async (_, keys) => {
      reads.push(keys.join(''));
      if (isFailing && keys.includes('b')) throw new EverwarmError(code, 'It failed.');
      return keys.map(() => null);
    },
    isHeard: () => true,
    begin: () => undefined,
  });
  onTestFinished(() => watches.stop());
  for (const key of 'abc') await watches.watch({ generation: { id: 1 } as Generation, key, transform: null }, null, new Ending()).next();
  reads.length = 0;
  isFailing = true;
  watches.reread();
  await turn();
  await turn();
  expect(reads).toEqual(expected);
  reads.length = 0;
  isFailing = false;
  watches.reread();
  await turn();
  expect(reads, 'all are read again').toEqual(['abc']);
});
