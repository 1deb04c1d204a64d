import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathsIn, root } from './source-files.ts';

/** What a linter reported: the file from the root of the tree, and `biome <rule>` or `oxlint <rule>`. */
export type Report = { readonly file: string; readonly rule: string };

const configuration = ['biome.jsonc', '.oxlintrc.json', '.gitignore', 'tsconfig.json', 'tsconfig.base.json', 'package.json'];
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

/** Runs a linter and parses what it printed. Its exit code says nothing here; unreadable output throws with what it said. */
function run<T>(tree: string, name: string, args: readonly string[]): T {
  const { stdout, stderr, error } = spawnSync(bin(name), args, { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  try {
    return JSON.parse(stdout) as T;
  } catch (cause) {
    throw new Error(`${name} did not print JSON in ${tree}: ${error?.message ?? stderr.slice(0, 2000)}`, { cause });
  }
}

function biome(tree: string): readonly Report[] {
  type Output = {
    readonly summary: object;
    readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
  };
  const output = run<Output>(tree, 'biome', ['lint', '--reporter=json', '--max-diagnostics=none', 'libs', 'apps', 'test', 'examples']);
  return output.diagnostics.map(({ category, location }) => ({ file: location.path, rule: `biome ${category}` }));
}

function oxlint(tree: string): readonly Report[] {
  type Output = { readonly diagnostics: readonly { readonly code: string; readonly filename: string }[] };
  const output = run<Output>(tree, 'oxlint', ['--type-aware', '--format=json', 'libs', 'apps', 'test', 'examples']);
  return output.diagnostics.map(({ code, filename }) => ({ file: filename, rule: `oxlint ${code}` }));
}

/**
 * Lints a folder of fixtures as if it were this repository: a temporary tree with the repository's own configuration
 * and manifests, and the fixtures (with `extra` files, path to text) in the place of its sources. Returns all that the
 * real linters reported.
 */
export function lintFixtures(fixtures: string, extra: Readonly<Record<string, string>> = {}): readonly Report[] {
  const tree = mkdtempSync(join(tmpdir(), 'everwarm-lint-'));
  try {
    const manifests = ['apps', 'libs', 'test'].flatMap(pathsIn).filter((path) => path.endsWith('/package.json'));
    for (const path of [...configuration, ...manifests]) cpSync(join(root, path), join(tree, path));
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    cpSync(join(import.meta.dirname, 'fixtures', fixtures), tree, { recursive: true });
    for (const [path, text] of Object.entries(extra)) {
      mkdirSync(join(tree, dirname(path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    return [...biome(tree), ...oxlint(tree)];
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
