import { expect, test } from 'vitest';
import type { Change, Source } from '#contracts/change.ts';
import { inlineMarks } from './inline-marks.ts';

const source = (id: number, schema: string, name: string): Source => ({ id, table: { schema, name }, links: [], columns: [] });
const sources = new Map([source(1, 'everwarm', 'inline'), source(2, 'public', 'inline')].map((one) => [one.id, one]));
const change = (from: number, xid: string, values: Change['values']): Change => ({ source: from, xid, mask: -1n, values, at: 0 });

test('a transaction has written the generations that its own mark names, and no table of that name says so', () => {
  const marks = inlineMarks([change(1, '10', ['7', '9']), change(2, '11', ['7']), change(1, '12', []), change(1, '13', null)], sources);
  const written = ['10', '11', '12', '13'].flatMap((xid) =>
    [7, 8, 9].filter((generation) => marks(xid, generation)).map((id) => `${xid} ${id}`),
  );
  expect(written).toEqual(['10 7', '10 9']);
  expect(inlineMarks([change(2, '11', ['7'])], sources)('11', 7)).toBe(false);
});
