import { describe, expect, it } from 'vitest';
import { undocumentedExports } from './exports.ts';
import { productionSources } from './source-files.ts';

const check = (text: string): readonly string[] => undocumentedExports({ path: 'x.ts', text });

describe('docstrings', () => {
  it('stand above every export of libs and apps', () => {
    expect(productionSources().flatMap(undocumentedExports)).toEqual([]);
  });

  it.each([
    ['none', 'export const a = 1;', ['x.ts:1 a']],
    ['a plain comment', '// about a\nexport const a = 1;', ['x.ts:2 a']],
    ['an empty one', '/** */\nexport const a = 1;', ['x.ts:2 a']],
    ['one that came loose', '/** About a. */\nconst b = 1;\nexport function a() { return b; }', ['x.ts:3 a']],
    ['one with a comment between', '/** About a. */\n// and\nexport type A = 1;', ['x.ts:3 A']],
    ['none on a listed export', 'const a = 1;\nexport { a };', ['x.ts:1 a']],
    ['none on a default export', 'export default function a() {}', ['x.ts:1 a']],
  ])('are missed where there is %s', (_, text, missing) => {
    expect(check(text)).toEqual(missing);
  });

  it.each([
    ['a constant', '/** About a. */\nexport const a = 1;'],
    [
      'the first overload',
      '/** About a. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;\nexport function a(x: 1 | 2) { return x; }',
    ],
    ['a listed export', '/** About a. */\nconst a = 1;\nexport { a };'],
    ['a re-export, at home', "export { a } from './a.ts';"],
    ['what is not exported', 'const a = 1;\nconsole.log(a);'],
  ])('are seen on %s', (_, text) => {
    expect(check(text)).toEqual([]);
  });
});
