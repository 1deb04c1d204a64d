import type { PoolClient } from 'pg';
import type { Database, Sessions } from '#contracts/database.ts';
import { relayLock } from '#contracts/names.ts';

/** How old a leader's heartbeat must be before a standby ends its session. */
const deadAfterSeconds = 5;

/**
 * One relay is active per database. It holds an advisory lock on a session of its own and writes a heartbeat: the lock goes
 * when the process dies, the heartbeat stops when it is frozen, and then a standby ends the frozen session.
 *
 * States: standby → (lock taken) leader → (session lost, released) standby.
 */
export class Leadership {
  readonly #pool: Sessions;
  readonly #id: string;
  #session: PoolClient | null = null;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(pool: Sessions, id: string) {
    this.#pool = pool;
    this.#id = id;
  }

  /** The leader's own session, sequential scans off, or null while standing by. */
  get session(): Database | null {
    return this.#session as Database | null;
  }

  /** Tries once to become the leader. Returns whether this process now leads. */
  async tryLead(): Promise<boolean> {
    if (this.#session) return true;
    const client = await this.#pool.connect();
    // Heard from the beginning: an error of the session that nobody listens to would end the process.
    const lost = () => this.#lose(client);
    client.on('error', lost).on('end', lost);
    try {
      const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, $2) as got', [...relayLock]);
      if (rows[0]?.got !== true) {
        await endFrozenLeader(client as Database);
        client.off('error', lost).off('end', lost);
        client.release();
        return false;
      }
      // The outbox is read by its index, even right after a rotation when its statistics say it is empty. The penalty that this
      // setting puts on other scans would start the JIT compiler, which took 230 ms for a poll of 0.1 ms.
      await client.query('set enable_seqscan = off; set jit = off; set plan_cache_mode = force_generic_plan; set extra_float_digits = 1');
      // Deliveries commit without waiting for the disk. Should a crash lose some, their sequence numbers must not be drawn
      // again, or an acknowledgement on its way would take out a newer debt: each leadership begins far beyond the last.
      await client.query(
        `with jump as (select setval('everwarm.ledger_seq', nextval('everwarm.ledger_seq') + ${2 ** 32}))
update everwarm.relay set leader = $1, leader_pid = pg_backend_pid(), heartbeat = clock_timestamp() from jump`,
        [this.#id],
      );
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#session = client;
    this.#heartbeat = setInterval(() => void this.#beat(), 1000);
    return true;
  }

  /** Gives leadership up. Tolerates never having led. */
  async release(): Promise<void> {
    if (this.#session) this.#lose(this.#session);
  }

  #lose(client: PoolClient): void {
    if (this.#session !== client) return;
    this.#session = null;
    clearInterval(this.#heartbeat);
    // Ended rather than returned: it holds the lock and settings of its own. One that is already gone is given back to the pool
    // too, which would otherwise count it as lent for ever.
    client.release(true);
  }

  async #beat(): Promise<void> {
    await this.#pool.query('update everwarm.relay set heartbeat = clock_timestamp() where leader = $1', [this.#id]).catch(() => undefined);
  }
}

async function endFrozenLeader(db: Database): Promise<void> {
  await db.query(
    `select pg_terminate_backend(r.leader_pid) from everwarm.relay r join pg_locks l on l.pid = r.leader_pid and l.locktype = 'advisory' and l.classid = $1 and l.objid = $2
where r.heartbeat < clock_timestamp() - interval '${deadAfterSeconds} seconds'`,
    [...relayLock],
  );
}
