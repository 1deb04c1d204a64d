import { cp, mkdir, mkdtemp, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { providedServers } from '@everwarm/testkit';
import { succeed } from '../package/command.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const engine = join(repository, 'libs/everwarm');

let folder: Promise<string> | undefined;

/**
 * A `node_modules` folder as a user's: the package compiled, all else that of the workspace. Compiled once for all files of a test run,
 * since a program of compiled code starts in a third of the time; deleted with the servers of the run. Types are checked elsewhere.
 */
export function compiledPackage(): Promise<string> {
  folder ??= compileOnce();
  return folder;
}

async function compileOnce(): Promise<string> {
  const shared = join(providedServers().folder, 'compiled');
  const own = await mkdtemp(`${shared}-`);
  const modules = join(own, 'node_modules');
  const compiled = join(modules, 'everwarm');
  await mkdir(compiled, { recursive: true });
  const others = (await readdir(join(repository, 'node_modules'))).filter((name) => name !== 'everwarm');
  await Promise.all([
    ...others.map((name) => symlink(join(repository, 'node_modules', name), join(modules, name))),
    ...['package.json', 'bin'].map((name) => cp(join(engine, name), join(compiled, name), { recursive: true })),
    succeed(
      join(repository, 'node_modules/.bin/tsc'),
      ['-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--outDir', join(compiled, 'dist')],
      { cwd: engine },
    ),
  ]);
  // Whoever was first has it; the others compiled the same.
  await rename(own, shared).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  return join(shared, 'node_modules');
}
