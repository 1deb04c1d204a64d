import type { TestDatabase } from '@everwarm/testkit';
import { postDetailSql } from '../freshness/post-detail-sql.ts';

/** The floor's own table of documents, filled, as its owner would have made it. */
export async function createDocuments({ pool }: TestDatabase): Promise<void> {
  await pool.query('create table documents (id integer primary key, doc text not null) with (fillfactor = 85)');
  await pool.query(`insert into documents select * from (${postDetailSql.replace('any($1::integer[])', 'any(select id from posts)')}) d`);
  await pool.query('vacuum (analyze) documents');
}

/**
 * Throws unless Everwarm's documents and those made by hand are the same, byte for byte, so that both write the same.
 */
export async function compareDocuments(everwarm: TestDatabase, byHand: TestDatabase): Promise<void> {
  const { rows: generations } = await everwarm.pool.query<{ id: number }>(`select id from everwarm.generations where state = 'serving'`);
  const { rows: ours } = await everwarm.pool.query<{ id: number; doc: string }>(
    `select key::integer as id, doc from everwarm.projection_${generations[0]?.id} order by 1`,
  );
  const { rows: theirs } = await byHand.pool.query<{ id: number; doc: string }>('select id, doc from documents order by 1');
  const differing = theirs.find(({ id, doc }, index) => ours[index]?.id !== id || ours[index]?.doc !== doc);
  if (differing || ours.length !== theirs.length)
    throw new Error(`Post ${differing?.id} has another document on either side, of ${ours.length} and ${theirs.length}.`);
}
