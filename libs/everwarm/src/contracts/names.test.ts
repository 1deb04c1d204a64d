import { describe, expect, it } from 'vitest';
import { captureFunction, documentKey, documentPrefix, entriesKey, listPrefix, pageKey } from './names.ts';

const space = { namespace: 'everwarm', epoch: '1-abc' };

describe('capture functions', () => {
  it('have names that fit Postgres, however long the table’s is', () => {
    for (const name of ['t', 'x'.repeat(63), '🐘'.repeat(15), `x${'🐘'.repeat(15)}`])
      for (const event of ['insert', 'update', 'delete', 'truncate'] as const)
        expect(Buffer.byteLength(captureFunction({ schema: 's', name }, event))).toBeLessThanOrEqual(63);
  });

  it('have names of their own for each schema, table and event', () => {
    const tables = [
      { schema: 'a', name: 't' },
      { schema: 'b', name: 't' },
      { schema: 'a.t', name: '' },
      { schema: 'a', name: `${'x'.repeat(60)}1` },
      { schema: 'a', name: `${'x'.repeat(60)}2` },
    ];
    const names = tables.flatMap((table) => (['insert', 'update'] as const).map((event) => captureFunction(table, event)));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('Redis keys', () => {
  it('of a document end with its key, whatever is in it', () => {
    expect(documentKey(space, 7, '["a:b","1"]')).toBe(`${documentPrefix(space, 7)}["a:b","1"]`);
    expect(documentKey(space, 1, '1:2')).not.toBe(documentKey(space, 11, '2'));
  });

  it('of one list partition fall into one slot of a cluster', () => {
    const tag = (key: string) => /\{([^}]*)\}/.exec(key)?.[1];
    for (const partition of ['', '5', 'a}b', '{x}']) expect(tag(pageKey(space, 3, partition))).toBe(tag(entriesKey(space, 3, partition)));
    expect(pageKey(space, 3, '5').startsWith(listPrefix(space, 3))).toBe(true);
  });

  it('of pages and entries are never those of documents', () => {
    expect(pageKey(space, 3, '5').startsWith(documentPrefix(space, 3))).toBe(false);
  });
});
