// The distribution's Redis without installing it: packages are downloaded and unpacked into a folder of ours. Needs no root,
// starts no daemon, and leaves apt's own state as it was.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @import { Log } from './types.d.mts' */

const CANDIDATES = [
  { server: 'redis-server', packages: ['redis-server', 'redis-tools'] },
  { server: 'valkey-server', packages: ['valkey-server', 'valkey-tools'] },
];

/** Libraries may themselves need libraries; more rounds than this means that something else is wrong. */
const LIBRARY_ROUNDS = 4;

/**
 * Redis (or Valkey) from the Debian or Ubuntu package, unpacked into `folder` the first time.
 * @param {string} folder passable for the servers' user
 * @param {Log} log
 * @returns {{ command: string, env: Record<string, string>, source: string } | undefined} undefined where there is no apt, or nothing can be downloaded
 */
export function unpackedRedis(folder, log) {
  if (!hasProgram('apt-get') || !hasProgram('dpkg-deb')) return undefined;
  const done = join(folder, 'redis-deb');
  if (!existsSync(done)) download(folder, done, log);
  for (const { server } of CANDIDATES) {
    const command = join(done, 'usr', 'bin', server);
    if (existsSync(command)) return { command, env: libraryPath(done), source: `${server} unpacked from the distribution's package` };
  }
  return undefined;
}

/**
 * @param {string} folder
 * @param {string} done appears only when everything the server needs is in it
 * @param {Log} log
 */
function download(folder, done, log) {
  const work = join(folder, `redis-deb.${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const lists = join(work, 'apt');
    for (const { server, packages } of CANDIDATES) {
      log(`No Redis on PATH: downloading ${packages.join(' and ')} of this distribution (about 1 MB, nothing is installed) ...`);
      if (!fetchAll(work, packages, lists) || !addLibraries(work, server, lists)) continue;
      for (const extra of ['apt', 'debs']) rmSync(join(work, extra), { recursive: true, force: true });
      if (!existsSync(done)) renameSync(work, done);
      return;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Downloads and unpacks; with apt's lists as they are, and where those are empty or too old, with lists of our own.
 * @param {string} work
 * @param {readonly string[]} packages
 * @param {string} lists
 * @returns {boolean}
 */
function fetchAll(work, packages, lists) {
  if (fetchWith([], work, packages)) return true;
  const own = privateState(lists);
  if (!existsSync(join(lists, 'lists'))) {
    for (const part of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(lists, part), { recursive: true });
    // Some source of the machine may be unreachable; whether that matters shows at the download.
    run('apt-get', [...own, 'update'], work);
  }
  return fetchWith(own, work, packages);
}

/**
 * @param {readonly string[]} options
 * @param {string} work
 * @param {readonly string[]} packages
 */
function fetchWith(options, work, packages) {
  const debs = join(work, 'debs');
  rmSync(debs, { recursive: true, force: true });
  mkdirSync(debs, { recursive: true });
  if (!run('apt-get', [...options, 'download', ...packages], debs).ok) return false;
  return readdirSync(debs).every((name) => run('dpkg-deb', ['-x', join(debs, name), work], debs).ok);
}

/**
 * Adds the packages of shared libraries that this machine lacks, until the loader finds all of them.
 * @param {string} work
 * @param {string} server
 * @param {string} lists
 * @returns {boolean} whether the server can be loaded
 */
function addLibraries(work, server, lists) {
  const program = join(work, 'usr', 'bin', server);
  let packages = libraryPackages(join(work, 'debs'));
  for (let round = 0; round < LIBRARY_ROUNDS; round++) {
    if (!run('ldd', [program], work, libraryPath(work)).output.includes('not found')) return true;
    if (packages.length === 0 || !fetchAll(work, packages, lists)) return false;
    packages = libraryPackages(join(work, 'debs'));
  }
  return false;
}

/**
 * The library packages that the unpacked ones depend on and that are not installed.
 * @param {string} debs
 * @returns {string[]}
 */
function libraryPackages(debs) {
  const fields = readdirSync(debs).map((name) => run('dpkg-deb', ['-f', join(debs, name), 'Depends'], debs).output);
  const names = fields.flatMap((depends) => depends.split(',')).map((entry) => entry.trim().split(/[\s:|(]/)[0] ?? '');
  return [...new Set(names)].filter((name) => name.startsWith('lib') && !isInstalled(name));
}

/** @param {string} name */
function isInstalled(name) {
  return run('dpkg-query', ['-W', '-f', '${Status}', name], '/').output.includes('install ok installed');
}

/** @param {string} root */
function libraryPath(root) {
  const folders = [join(root, 'usr', 'lib'), join(root, 'lib')].filter((folder) => existsSync(folder));
  const nested = folders.flatMap((folder) => readdirSync(folder).flatMap((name) => (name.includes('-linux-') ? [join(folder, name)] : [])));
  return { LD_LIBRARY_PATH: [...nested, ...folders].join(delimiter) };
}

/** @param {string} folder */
function privateState(folder) {
  const asRoot = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  return ['-o', `Dir::State::lists=${join(folder, 'lists')}`, '-o', `Dir::Cache=${join(folder, 'cache')}`, ...asRoot];
}

/** @param {string} name */
function hasProgram(name) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {Record<string, string>} [env]
 */
function run(command, args, cwd, env = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', ...env } });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}` };
}
