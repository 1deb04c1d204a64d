import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { regionsOf, shownCode } from './shown-code.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string) => readFile(new URL(file, root), 'utf8');

describePages(['docs/recipes.md'], 15);
describePages(['docs/guides/declaring.md'], 5);
describePages(['docs/guides/reading.md'], 3);
describePages(['docs/guides/lifecycles.md', 'docs/guides/evicting.md'], 4);

/** Every block of code on the pages is a region of a file that is compiled, and run, with everything else; and nothing there is left out. */
function describePages(pages: readonly string[], atLeast: number): void {
  test(`${pages.join(' and ')} show code that runs`, async () => {
    const blocks = (await Promise.all(pages.map(textOf))).flatMap(shownCode);
    expect(blocks.length).toBeGreaterThan(atLeast);
    const shown = new Map<string, Set<string>>();
    for (const { from, code } of blocks) {
      if (from === null) throw new Error(`Above this block no comment says where it is from:\n${code}`);
      const regions = regionsOf(await textOf(from.file));
      expect(code, `${from.file}#${from.region}`).toBe(regions.get(from.region));
      shown.set(from.file, (shown.get(from.file) ?? new Set()).add(from.region));
    }
    for (const [file, regions] of shown) expect([...regionsOf(await textOf(file)).keys()].filter((name) => !regions.has(name))).toEqual([]);
  });
}

test('a block that says nothing of where it is from, or that differs by a character, is noticed', () => {
  const source = 'const a = 1;\n  // #region one\n  if (a) {\n    b();\n  }\n  // #endregion\n';
  expect(regionsOf(source)).toEqual(new Map([['one', 'if (a) {\n  b();\n}']]));
  const page = '<!-- test/x.ts#one -->\n```ts\nif (a) {\n  b();\n}\n```\n\n```ts\nc();\n```\n';
  expect(shownCode(page)).toEqual([
    { from: { file: 'test/x.ts', region: 'one' }, code: 'if (a) {\n  b();\n}' },
    { from: null, code: 'c();' },
  ]);
});
