import type { CompiledModel, Generation, GenerationState } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import type { Generations } from '#contracts/generations.ts';
import type { Lifecycle } from '#contracts/lifecycle.ts';

type Row = {
  id: number;
  name: string;
  hash: string;
  state: GenerationState;
  model: CompiledModel;
  lifecycle: Lifecycle;
  stalled: string | null;
};

/** How old a remembered list may be before it is read again, in milliseconds. Readers of a generation that is building look sooner. */
const staleAfterMs = 1000;

/** The generations of one database, remembered for a second or until a newer revision is asked for. */
export function rememberGenerations(db: Database): Generations {
  let known: readonly Generation[] = [];
  let revision = '';
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = async () => {
    const { rows } = await db.query<Row & { revision: string }>(
      `select g.id, g.name, g.hash, g.state, g.model, g.lifecycle, g.stalled, r.revision::text as revision from everwarm.relay r left join everwarm.generations g on g.state <> 'dropped' order by g.id`,
    );
    revision = rows[0]?.revision ?? '';
    known = rows
      .filter((row) => row.id !== null)
      .map(({ id, name, hash, state, model, lifecycle, stalled }) => ({ id, name, hash, state, model, lifecycle, stalled }));
    readAt = performance.now();
  };
  const refresh = () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
  const isStale = () => performance.now() - readAt > staleAfterMs;
  // What is remembered is used while a fresh look is under way: reads must not stop because Postgres does.
  const current = async () => {
    if (known.length === 0) await refresh();
    else if (isStale()) void refresh().catch(() => undefined);
    return known;
  };

  return {
    async live(wanted) {
      if (wanted === undefined) return current();
      if (wanted !== revision) await refresh();
      return known;
    },
    async look() {
      await read();
      return known;
    },
    async byId(id) {
      const find = () => known.find((generation) => generation.id === id) ?? null;
      if (find() === null) await refresh();
      else if (isStale()) void refresh().catch(() => undefined);
      return find();
    },
    remembered(name, hash) {
      if (isStale()) void refresh().catch(() => undefined);
      return known.find((generation) => generation.name === name && generation.hash === hash) ?? null;
    },
    async byHash(name, hash) {
      const find = () => known.find((generation) => generation.name === name && generation.hash === hash) ?? null;
      await current();
      if (find() === null && isStale()) await refresh();
      return find();
    },
    async stall(id, reason) {
      const { rowCount } = await db.query(
        `with noted as (
  update everwarm.generations set stalled = left($2, 500) where id = $1 and stalled is null and state <> 'dropped' returning id
)
update everwarm.relay set revision = revision + 1 from noted`,
        [id, reason],
      );
      if (rowCount === 1) await refresh();
      return rowCount === 1;
    },
  };
}
