import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { regionsOf, shownCode } from '../docs/shown-code.ts';

const root = new URL('../../', import.meta.url);

test('docs/guides/http.md shows code that compiles with everything else, and all of it', async () => {
  const regions = regionsOf(await readFile(new URL('test/http/guide.ts', root), 'utf8'));
  const blocks = shownCode(await readFile(new URL('docs/guides/http.md', root), 'utf8'));
  expect(blocks.map(({ from }) => from?.file)).toEqual(blocks.map(() => 'test/http/guide.ts'));
  expect(new Map(blocks.map(({ from, code }) => [from?.region, code]))).toEqual(regions);
});
