import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { guards } from './guards.ts';

const fileAt = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

test.each(guards)('law $law: the stage has the guard once, and the test is there: $name', async ({ stage, on, file, test: title }) => {
  const found = (await fileAt(`libs/everwarm/src/${stage}`)).split(on).length - 1;
  expect(found, `${stage} has it, or it moved and its entry must follow`).toBe(1);
  expect((await fileAt(file)).split("'"), `${file} has the test`).toContain(title);
});
