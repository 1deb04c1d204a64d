import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a trailing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A file of the repository: its path from {@link root}, with forward slashes, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** What is made by a tool or broken on purpose, and therefore nobody's to keep in order; by name anywhere, or by path. */
const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git', '.everwarm', '.nx', 'test/architecture/fixtures']);

/** Every path (files only) below a folder of the repository, `''` for all of it; missing folders are empty. */
export function pathsIn(folder: string): readonly string[] {
  const paths: string[] = [];
  const visit = (relative: string): void => {
    for (const entry of readdirSync(join(root, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory() && !notOurs.has(entry.name) && !notOurs.has(path)) visit(path);
      else if (entry.isFile()) paths.push(path);
    }
  };
  try {
    visit(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return paths.toSorted();
}

/** Reads files by path; one that vanished since it was listed is left out. */
export function read(paths: readonly string[]): readonly SourceFile[] {
  return paths.flatMap((path) => {
    try {
      return [{ path, text: readFileSync(join(root, path), 'utf8') }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** Whether a path is a test, of values or of types. */
export const isTest = (path: string): boolean => /\.(test|test-d)\.ts$/.test(path);

/** The TypeScript that ships or runs: sources of libs and apps without their tests. */
export function productionSources(): readonly SourceFile[] {
  const paths = ['libs', 'apps'].flatMap(pathsIn);
  return read(paths.filter((path) => path.includes('/src/') && path.endsWith('.ts') && !isTest(path)));
}
