import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, succeed } from './command.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const engine = join(repository, 'libs/everwarm');

/** The packed package in a folder outside of the repository, beside a stranger's code. */
export type Installation = {
  readonly folder: string;
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly packedFiles: readonly string[];
  /** Deletes all of it. */
  remove(): Promise<void>;
};

/** Packs the package as it would be published and installs it, with the peers it asks for, where nothing of the repository is. */
export async function installPacked(): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'everwarm-package-'));
  const packs = join(folder, 'packs');
  const stranger = join(folder, 'stranger');
  await mkdir(packs);
  await cp(fileURLToPath(new URL('stranger', import.meta.url)), stranger, { recursive: true });
  const copy = await copyEngine(folder);
  const [packed] = JSON.parse(await succeed('npm', ['pack', '--json', '--pack-destination', packs], { cwd: copy })) as [Packed];
  const tarball = join(packs, packed.filename);
  await writeFile(join(stranger, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  await writeFile(join(stranger, 'tsconfig.json'), JSON.stringify({ compilerOptions: strict, include: ['*.ts'] }));
  await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...(await peers())], { cwd: stranger });
  return {
    folder: stranger,
    tarball,
    packedFiles: packed.files.map((file) => file.path),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Compiles the stranger's code against the installed package. The compiler is the workspace's: it is no part of what is tried. */
export function compile(folder: string, ...args: readonly string[]): ReturnType<typeof run> {
  return run(tool('tsc'), ['-p', '.', ...args], { cwd: folder });
}

/** The workspace's own copy of a tool. */
export function tool(name: string): string {
  return join(repository, 'node_modules/.bin', name);
}

type Packed = { readonly filename: string; readonly files: readonly { readonly path: string }[] };

const strict = {
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  // Drizzle's own declarations name drivers that nobody has all of.
  skipLibCheck: true,
  outDir: 'build',
};

/** Packing builds: in a copy, so that no compiled code is left in the source tree, where tools would take it for the source. */
async function copyEngine(folder: string): Promise<string> {
  const copy = join(folder, 'repository/libs/everwarm');
  const isSource = (path: string): boolean => !/\/(dist|node_modules)$/.test(path);
  await cp(engine, copy, { recursive: true, filter: isSource });
  await cp(join(repository, 'tsconfig.base.json'), join(folder, 'repository/tsconfig.base.json'));
  await symlink(join(repository, 'node_modules'), join(folder, 'repository/node_modules'), 'dir');
  return copy;
}

async function peers(): Promise<readonly string[]> {
  const versionsIn = async (folder: string): Promise<Readonly<Record<string, string>>> =>
    (JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly devDependencies: Record<string, string> })
      .devDependencies;
  const versions = { ...(await versionsIn(repository)), ...(await versionsIn(engine)) };
  return ['drizzle-orm', 'pg', '@types/pg', '@types/node'].map((name) => `${name}@${versions[name]}`);
}
