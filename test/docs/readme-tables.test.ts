import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildProgram } from '../../libs/everwarm/src/cli/program.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, root), 'utf8');
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted();
const matches = (text: string, pattern: RegExp) => sorted([...text.matchAll(pattern)].map(([, name = '']) => name));

const readme = textOf('libs/everwarm/README.md');

test('the table of errors has every code, and no other', () => {
  const codes = matches(textOf('libs/everwarm/src/contracts/errors.ts'), /^ {2}\| '(E_\w+)'/gm);
  expect(codes).toContain('E_KEY');
  expect(matches(readme, /^\| `(E_\w+)` \|/gm)).toEqual(codes);
});

test('the table of commands has every verb of the command line, and no other', () => {
  const program = buildProgram();
  const verbs = program.createHelp().visibleCommands(program);
  expect(matches(readme, /^\| `npx everwarm (\w+)/gm)).toEqual(sorted(verbs.map((verb) => verb.name()).filter((name) => name !== 'help')));
});

test('every guide is linked from the first page', () => {
  expect(matches(textOf('README.md'), /\(docs\/guides\/([\w-]+\.md)\)/g)).toEqual(sorted(readdirSync(new URL('docs/guides/', root))));
});
