import type { Database } from '#contracts/database.ts';

/** One read of so many, on average, is counted; at random distances, since readers may take turns. */
const oneOf = 64;

/** How many keys are counted between two notes, and how many are kept per generation. */
const counted = 2000;
const kept = 5000;

/** How many notes are made before what is too much is taken away. */
const notesPerTrim = 12;

/** Counts which documents a process reads most, in little space and time, and notes it in Postgres where it may. */
export class MostRead {
  readonly #counts = new Map<string, { readonly generation: number; readonly key: string; n: number }>();
  #until = oneOf;
  #notes = 0;
  #mayNote = true;

  /** A document is read. */
  count(generation: number, key: string): void {
    if (--this.#until > 0) return;
    this.#until = 1 + Math.floor(Math.random() * (2 * oneOf - 1));
    const name = `${generation}:${key}`;
    const known = this.#counts.get(name);
    if (known) known.n++;
    else if (this.#mayNote && this.#counts.size < counted) this.#counts.set(name, { generation, key, n: 1 });
  }

  /**
   * Adds what was counted since the last note to `everwarm.most_read`. Never rejects: a role that may only read counts no more, and
   * what another failure loses was a hint.
   */
  async note(db: Database): Promise<void> {
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    try {
      await db.query(noteSql, [counts.map(({ generation }) => generation), counts.map(({ key }) => key), counts.map(({ n }) => n)]);
      if (++this.#notes % notesPerTrim === 0) await db.query(trimSql);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === '42501' || code === '25006') this.#mayNote = false;
    }
  }
}

/** In the order of keys, so that processes that note the same ones at once wait for each other and do not deadlock. */
const noteSql = `insert into everwarm.most_read as m (generation, key, score)
select c.generation, c.key, extract(epoch from statement_timestamp())::float8 / 3600 + log(2, c.n::numeric)::float8
from unnest($1::integer[], $2::text[], $3::integer[]) c (generation, key, n) order by 1, 2
on conflict (generation, key) do update set score = greatest(m.score, excluded.score)
  + ln(1 + power(2::float8, greatest(least(m.score, excluded.score) - greatest(m.score, excluded.score), -60))) / ln(2::float8)`;

const trimSql = `delete from everwarm.most_read where (generation, key) in (
  select m.generation, m.key from everwarm.most_read m join (
    select generation, key, row_number() over (partition by generation order by score desc) as place from everwarm.most_read
  ) r using (generation, key) where r.place > ${kept} for update of m skip locked
)`;
