import type { Database } from '#contracts/database.ts';
import { openPostgres } from '#platform/postgres.ts';
import type { Fault, Stage } from './types.ts';

/** Runs statements on the database under test, on connections of its own, past the proxies. */
async function onDatabase<Answer>(stage: Stage, action: (db: Database) => Promise<Answer>): Promise<Answer> {
  const postgres = openPostgres(stage.postgresUrl(), { max: 1, name: 'everwarm-torture' });
  try {
    return await action(postgres.transactions);
  } finally {
    await postgres.close();
  }
}

/** Every connection of the database that may be ended ends, the load's included; whoever had one must make a new one. */
const terminateEveryone: Fault = {
  name: 'terminate-every-backend',
  needs: [],
  grips: ['postgres'],
  lasts: [0, 500],
  quick: true,
  inject: async (stage) => {
    await onDatabase(stage, (db) =>
      db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
and pg_has_role(usesysid, 'usage')`,
      ),
    );
    return () => Promise.resolve();
  },
};

/**
 * The leader's link stalls and its session is ended by the server: it does not hear of that and believes that it leads, while the
 * standby does. What it had on its way arrives afterwards.
 */
const twoRelays: Fault = {
  name: 'two-relays',
  needs: [],
  grips: ['workers', 'postgres'],
  lasts: [2000, 8000],
  quick: true,
  inject: async (stage) => {
    const { rows } = await onDatabase(stage, (db) =>
      db.query<{ pid: number; port: number }>(
        'select a.pid, a.client_port as port from everwarm.relay r join pg_stat_activity a on a.pid = r.leader_pid',
      ),
    );
    const [session] = rows;
    const leader = session && stage.processes.find(({ links }) => links.postgres.owns(session.port));
    if (!leader) {
      stage.log('Nobody leads.');
      return () => Promise.resolve();
    }
    leader.links.postgres.stall();
    await onDatabase(stage, (db) => db.query('select pg_terminate_backend($1)', [session.pid]));
    return async () => leader.links.postgres.heal();
  },
};

/** A transaction with a number of its own stays open: no snapshot gets past it. It writes what no read model watches. */
function openTransaction(name: string, begin: string, lasts: Fault['lasts'], quick: boolean): Fault {
  return {
    name,
    needs: [],
    grips: ['writers'],
    lasts,
    quick,
    inject: async (stage) => {
      const postgres = openPostgres(stage.postgresUrl(), { max: 1, name: 'everwarm-torture-writer' });
      const client = await postgres.pool.connect();
      // Another fault may end it meanwhile: so be it.
      client.on('error', () => undefined);
      await client.query(`${begin}; select pg_current_xact_id()`);
      return async () => {
        await client.query('commit').catch(() => undefined);
        client.release(true);
        await postgres.close();
      };
    },
  };
}

/** What can happen in a database to which one has nothing but a connection. */
export const databaseFaults: readonly Fault[] = [
  terminateEveryone,
  twoRelays,
  openTransaction('open-transaction-read-committed', 'begin isolation level read committed', [5000, 60_000], false),
  openTransaction('open-transaction-repeatable-read', 'begin isolation level repeatable read', [5000, 60_000], false),
];
