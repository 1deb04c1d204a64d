import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asAdmin, databaseUrl, waitFor } from '@everwarm/testkit';
import { type LinkProxy, openProxy } from '../../../libs/everwarm/src/torture/proxy.ts';
import { giveTo, serverIdentity } from '../../../tools/services/identity.mjs';
import { startPostgres } from '../../../tools/services/postgres.mjs';
import type { RunningServer } from '../../../tools/services/types.d.mts';

/** A Postgres primary with a replica that streams from it, through a link that can be stalled. */
export type ControlledPostgres = {
  /** A superuser's URL of the database under test, on the server that is primary now. */
  url(): string;
  /** Ends the primary as an immediate shutdown does: nothing is flushed, and the next start recovers. */
  stopImmediately(): Promise<void>;
  /** Starts the primary again after `stopImmediately`. */
  start(): Promise<void>;
  /** From now on nothing reaches the replica: what is committed from here on is lost by a promotion. */
  holdReplicaBack(): void;
  /** Ends the primary and makes the replica the primary. A new replica must be made before the next promotion. */
  promote(): Promise<void>;
  /** Makes a replica from a copy of the primary's files, while it runs. Resolves when it streams. Does nothing when there is one. */
  addReplica(): Promise<void>;
  /** Ends everything. */
  stop(): Promise<void>;
};

const database = 'torture';

/** Starts a primary alone, in folders below `folder`, with an empty database. */
export async function startControlledPostgres(folder: string): Promise<ControlledPostgres> {
  const start = (name: string) => startPostgres({ folder: join(folder, name), binariesFolder: folder, fsync: false, database });
  let names = 0;
  let name = `postgres-${names}`;
  let primary = await start(name);
  let replica: { readonly name: string; readonly server: RunningServer; readonly link: LinkProxy } | null = null;

  return {
    url: () => primary.url,
    stopImmediately: () => primary.stop(),
    async start() {
      primary = await start(name);
    },
    holdReplicaBack: () => replica?.link.stall(),
    async promote() {
      if (!replica) throw new Error('There is no replica to promote. Call addReplica first.');
      await primary.stop();
      await replica.link.close();
      await asAdmin(replica.server.url, (admin) => admin.query('select pg_promote()'));
      ({ name, server: primary } = replica);
      replica = null;
    },
    async addReplica() {
      if (replica) return;
      const link = await openProxy(primary.url);
      const next = `postgres-${++names}`;
      await copyCluster(primary, join(folder, name), join(folder, next), link.url);
      replica = { name: next, server: await start(next), link };
      await waitFor(() => isStreaming(primary.url), { what: 'the replica to stream', timeoutMs: 30_000 });
    },
    async stop() {
      await replica?.server.stop();
      await replica?.link.close();
      await primary.stop();
    },
  };
}

/** A base backup by the low-level functions, since the programs for it are not among the binaries that everybody has. */
async function copyCluster(primary: RunningServer, from: string, to: string, throughUrl: string): Promise<void> {
  const data = join(to, basename(primary.dataDir));
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) if (file.startsWith('password-')) cpSync(join(from, file), join(to, file));
  await asAdmin(databaseUrl(primary.url, 'postgres'), async (admin) => {
    await admin.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'torture' and not active");
    await admin.query("select pg_create_physical_replication_slot('torture', true)");
    await admin.query("select pg_backup_start('torture', true)");
    await copyFolder(primary.dataDir, data);
    const { rows } = await admin.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    handOver(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  });
  for (const name of ['postmaster.pid', 'postmaster.opts']) rmSync(join(data, name), { force: true });
  for (const slot of readdirSync(join(data, 'pg_replslot'))) rmSync(join(data, 'pg_replslot', slot), { recursive: true });
  const { hostname, port, username, password } = new URL(throughUrl);
  const connection = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`;
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\nprimary_slot_name = 'torture'\n`);
  handOver(join(data, 'standby.signal'), '');
}

/** A file that the server's user owns, as all others in its folder. */
function handOver(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  giveTo(file, serverIdentity());
}

/** By `cp`, which goes on when a file is removed meanwhile; recovery needs none of those. */
async function copyFolder(from: string, to: string): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  const copying = execFile('cp', ['-a', from, to]);
  await once(copying, 'close');
}

async function isStreaming(url: string): Promise<boolean> {
  return asAdmin(url, async (admin) => {
    const { rows } = await admin.query<{ streams: boolean }>(
      `select coalesce(bool_or(state = 'streaming' and replay_lsn >= pg_current_wal_lsn() - 1000000), false) as streams from pg_stat_replication`,
    );
    return rows[0]?.streams === true;
  });
}
