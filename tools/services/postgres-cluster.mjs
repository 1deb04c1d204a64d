import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { giveTo } from './identity.mjs';

/** @import { Identity, PostgresBinaries } from './types.d.mts' */

/**
 * The data directory of a server's folder, made when missing: UTF-8, bytewise order, passwords as scram, one random password
 * for the superuser `postgres`, and the given database. A half-made one of a killed start is thrown away first.
 * @param {{ folder: string, binaries: PostgresBinaries, identity: Identity, database: string, sync: boolean }} cluster
 * @returns {{ dataDir: string, password: string, created: boolean }}
 * @throws when initdb fails, with what it printed
 */
export function ensureCluster({ folder, binaries, identity, database, sync }) {
  // Majors do not read each other's files: each has a directory of its own.
  const major = Number.parseInt(binaries.version, 10);
  const dataDir = join(folder, `data-${major}`);
  const passwordFile = join(folder, `password-${major}`);
  if (existsSync(dataDir)) return { dataDir, password: readPassword(passwordFile, dataDir), created: false };

  // The server's user owns its folder and nothing above it; rename makes the finished directory appear at once.
  const work = join(folder, `unfinished-${major}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  giveTo(work, identity);
  const password = randomBytes(18).toString('base64url');
  const handover = join(work, 'password');
  writeFileSync(handover, password, { mode: 0o600 });
  giveTo(handover, identity);

  const fresh = join(work, 'data');
  const base = [
    '-D',
    fresh,
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--auth=scram-sha-256',
    `--pwfile=${handover}`,
    ...(sync ? [] : ['--no-sync']),
  ];
  // C.UTF-8 sorts by bytes and still knows letters; where the system has no such locale, C does the first.
  const complaints = [];
  for (const locale of ['C.UTF-8', 'C']) {
    rmSync(fresh, { recursive: true, force: true });
    const complaint = run(binaries.initdb, [...base, `--locale=${locale}`], identity);
    if (!complaint) break;
    complaints.push(complaint);
  }
  if (!existsSync(fresh)) throw new Error(`initdb (${binaries.source}) could not make ${fresh}:\n${complaints.join('\n')}`);

  if (database !== 'postgres') createDatabase(binaries, fresh, database, identity);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  renameSync(fresh, dataDir);
  rmSync(work, { recursive: true, force: true });
  return { dataDir, password, created: true };
}

/**
 * @param {string} file
 * @param {string} dataDir
 */
function readPassword(file, dataDir) {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(
      `${file}, the password of the Postgres data in ${dataDir}, cannot be read. Run as the user who made it, or remove both.`,
      { cause },
    );
  }
}

/**
 * Through the single-user mode, because no client may be installed yet.
 * @param {PostgresBinaries} binaries
 * @param {string} dataDir
 * @param {string} database
 * @param {Identity} identity
 */
function createDatabase(binaries, dataDir, database, identity) {
  const failure = run(
    binaries.postgres,
    ['--single', '-D', dataDir, 'postgres'],
    identity,
    `create database "${database.replaceAll('"', '""')}"\n`,
  );
  if (failure) throw new Error(`The database "${database}" could not be made in ${dataDir}:\n${failure}`);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Identity} identity
 * @param {string} [input]
 * @returns {string} what it printed when it failed; empty when it did not
 */
function run(command, args, identity, input = '') {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...identity,
    cwd: '/',
    encoding: 'utf8',
    input,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error) return error.message;
  const complaint = /\b(ERROR|FATAL|PANIC):.*/.exec(`${stdout}${stderr}`)?.[0];
  return status === 0 && !complaint ? '' : `${stdout}${stderr}`.trim() || `exit code ${status}`;
}
