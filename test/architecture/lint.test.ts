import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintFixtures } from './lint.ts';

const fixtures = (kind: string): readonly string[] =>
  readdirSync(join(import.meta.dirname, 'fixtures', kind), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted();

/** The rule that a broken fixture names in its first line, `// refused by: <linter> <rule>`. */
function refusedBy(path: string): string {
  const [first = ''] = readFileSync(join(import.meta.dirname, 'fixtures', 'broken', path), 'utf8').split('\n');
  return first.replace('// refused by: ', '');
}

/** Where the twin of a broken fixture stands: in its place, unless the broken thing is the name itself. */
const twin = (path: string): string => path.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const long = (lines: number): string =>
  `// comment\n\n${Array.from({ length: lines }, (_, index) => `export const made${index} = ${index};\n`).join('')}`;
const broken = lintFixtures('broken', { 'libs/blog/src/too-long.ts': long(251) });
const correct = lintFixtures('correct', { 'libs/blog/src/just-fits.ts': long(250) });

describe('what must fail lint', () => {
  it.each(fixtures('broken'))('%s', (path) => {
    expect(broken.filter(({ file }) => file === path).map(({ rule }) => rule)).toContain(refusedBy(path));
  });

  it('a file over 250 lines, blank ones and comments not counted', () => {
    expect(broken).toContainEqual({ file: 'libs/blog/src/too-long.ts', rule: 'oxlint eslint(max-lines)' });
  });
});

describe('what must pass lint', () => {
  it('the twin of every broken fixture', () => {
    expect(correct).toEqual([]);
    expect(fixtures('correct')).toEqual(fixtures('broken').map(twin).toSorted());
  });
});
