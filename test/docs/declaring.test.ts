import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import * as guide from './declaring.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test.each([guide.postDetail, guide.currentOffer, guide.postOfCards, guide.postWithBest, guide.categoryPosts, guide.digest])(
  'what the guide declares as $name is derived from',
  (model) => {
    expect(model.compile().dependencies.length).toBeGreaterThan(0);
  },
);

test('the code of the guide compiles, and a column that is misspelled in it does not', async () => {
  // Inside the repository, where packages are found.
  await mkdir(join(root, '.everwarm'), { recursive: true });
  const folder = await mkdtemp(join(root, '.everwarm', 'guide-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const file of ['declaring.ts', 'guide-schema.ts']) await cp(join(root, 'test/docs', file), join(folder, file));
  const code = await readFile(join(folder, 'declaring.ts'), 'utf8');
  await writeFile(join(folder, 'misspelled.ts'), code.replace('title: true', 'titel: true'));
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true },
      files: ['declaring.ts', 'misspelled.ts'],
    }),
  );
  const errors = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], { cwd: folder }, (_, output) => resolve(output));
  });
  expect(errors).toMatch(/^misspelled\.ts\(\d+,\d+\): error TS2322/m);
  expect(errors.split('\n').filter((line) => /^\S.*: error/.test(line) && !line.startsWith('misspelled.ts'))).toEqual([]);
});
