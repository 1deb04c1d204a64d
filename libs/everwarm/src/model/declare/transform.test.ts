import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { EverwarmError } from '#contracts/errors.ts';
import { definitionHash } from '#model/compile.ts';
import { defineReadModel } from './define.ts';
import { textTransform } from './transform.ts';

const post = pgTable('post', { id: integer('id').primaryKey(), title: text('title').notNull() });
const model = defineReadModel({ post }, 'post', { name: 'm' });
const over = (apply: (document: never) => unknown) => textTransform('m', { revision: 1, apply })('["a","1"]', '{"id":1,"title":"x"}');
const itself: Record<string, unknown> = {};
itself['deep'] = [itself];

describe('a transform', () => {
  it('gives the text of what its function makes of the parsed document, properties in that order', () => {
    expect(over((document: { id: number; title: string }) => ({ loud: document.title.toUpperCase(), ...document }))).toBe(
      '{"loud":"X","id":1,"title":"x"}',
    );
    expect(over(() => [1, { a: null, b: [true, ''] }, '\u0000'])).toBe('[1,{"a":null,"b":[true,""]},"\\u0000"]');
    const shared = { a: 1 };
    expect(over(() => [shared, shared])).toBe('[{"a":1},{"a":1}]');
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined at a', { a: undefined }],
    ['undefined at a[1]', { a: [1, undefined] }],
    ['undefined at [0]', Array.from({ length: 1 })],
    ['NaN at a.b', { a: { b: Number.NaN } }],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a bigint at a', { a: 1n }],
    ['a function at a', { a: () => 1 }],
    ['a symbol', Symbol('x')],
    ['a Date at at', { at: new Date(0) }],
    ['a Map', new Map()],
    ['a Promise', Promise.resolve(1)],
    ['an object with toJSON', { toJSON: () => 1 }],
    ['a value that contains itself at deep[0]', itself],
  ])('that gives %s is refused, with the model and the key', (what, made) => {
    expect(() => over(() => made)).toThrow(EverwarmError);
    expect(() => over(() => made)).toThrow(`The transform of m gave ${what}, which is not JSON, for the key "[\\"a\\",\\"1\\"]".`);
  });

  it('that gives null, or throws, is refused with the model and the key', () => {
    expect(() => over(() => null)).toThrow(/of m gave null.*"where".*for the key/);
    expect(() =>
      over(() => {
        throw new TypeError('no body');
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'E_TRANSFORM',
        message: expect.stringContaining('threw "no body" for the key'),
        context: { model: 'm', key: '["a","1"]' },
      }),
    );
  });

  it('is part of the definition by its revision, not by its code', () => {
    const hash = (revision: number, apply: () => number) => definitionHash(model.transform(revision, apply).compile());
    expect(hash(1, () => 1)).toBe(hash(1, () => 2));
    expect(hash(1, () => 1)).not.toBe(hash(2, () => 1));
    expect(hash(0, () => 1)).not.toBe(definitionHash(model.compile()));
  });

  it('leaves the model it was chained to as it was', () => {
    const changed = model.transform(1, () => 1);
    expect(model.compile().transform).toBeUndefined();
    expect(changed.compile('snake_case').transform).toEqual({ revision: 1 });
    expect(changed.declaration).toBe(model.declaration);
  });

  it.each([1.5, -1, Number.NaN, '1' as never])('with the revision %s is refused', (revision) => {
    expect(() => model.transform(revision, () => 1)).toThrow(/^m\.transform has the revision/);
  });

  it('is declared once, and is a function', () => {
    expect(() => model.transform(1, () => 1).transform(2, () => 2)).toThrow('m.transform is declared twice');
    expect(() => model.transform(1, 'x' as never)).toThrow('m.transform needs a function');
  });
});
