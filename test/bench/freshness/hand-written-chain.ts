import { type TestDatabase, waitFor } from '@everwarm/testkit';
import type { Bench } from '../scenario.ts';
import { createBlogDatabase, seeded } from '../seed-blog.ts';
import { startProcess, stopProcess } from '../start-process.ts';
import type { Chain } from './chain.ts';

/** What the documents of the floor are called in Redis. */
const prefix = 'chain:post:';

/**
 * Row triggers that name the post, and a table for its document: what one writes by hand for this one document, and no more.
 * No guarantee either: a crash at the wrong moment loses a change, and nobody would know.
 */
const schemaSql = `
create table chain_outbox (post_id integer not null);
create table chain_documents (id integer primary key, doc text not null);
create function chain_post() returns trigger language plpgsql as $$ begin insert into chain_outbox values (new.id); return null; end $$;
create function chain_comment() returns trigger language plpgsql as $$
begin insert into chain_outbox values (coalesce(new.post_id, old.post_id)); return null; end $$;
create trigger chain after insert or update on posts for each row execute function chain_post();
create trigger chain after insert or update or delete on comments for each row execute function chain_comment();`;

/** The floor: a hand-written chain on the same wake-up, every document built. Its process runs only while measured. */
export async function handWrittenChain({ servers }: Bench): Promise<Chain> {
  const database = await createBlogDatabase(servers);
  try {
    await database.pool.query(schemaSql);
    await database.pool.query('insert into chain_outbox select id from posts');
    const start = () =>
      startProcess('test/bench/processes/hand-written-chain.ts', {
        env: { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, CHAIN_PREFIX: prefix },
      });
    await buildDocuments(database, start);
    return { database, prefix, start, drop: () => database.drop() };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function buildDocuments({ pool }: TestDatabase, start: () => ReturnType<typeof startProcess>): Promise<void> {
  const child = await start();
  try {
    const built = async () => (await pool.query('select from chain_documents')).rowCount === seeded.posts;
    await waitFor(built, { timeoutMs: 60_000, what: 'the hand-written chain to build its documents' });
  } finally {
    // It finishes what it carries: the last documents are in Redis then, too.
    await stopProcess(child);
  }
}
