import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';

/** The keys and partitions that readers ask for, by the name of the model or list. */
export type Directory = {
  readonly documents: Readonly<Record<string, readonly string[]>>;
  readonly partitions: Readonly<Record<string, readonly string[]>>;
};

/** How many keys and partitions of each read model are asked for until the next look. */
const some = 400;

/** Some keys of every read model that serves, deleted ones among them, and some partitions of every list, emptied ones among them. */
export async function readDirectory(db: Database): Promise<Directory> {
  const documents: Record<string, string[]> = {};
  const partitions: Record<string, string[]> = {};
  for (const { id, name, kind } of await servingGenerations(db)) {
    const [column, live] = kind === 'document' ? ['key', 'doc'] : ['partition', 'member'];
    // Mostly those that live: tombstones pile up for as long as the run lasts.
    const found = await db.query<{ name: string }>(
      `select name from (select ${column} as name, bool_or(${live} is not null) as lives from everwarm.${projectionTable(id)} group by 1) every
order by random() * (case when lives then 1 else 4 end) limit ${some}`,
    );
    (kind === 'document' ? documents : partitions)[name] = found.rows.map((row) => row.name);
  }
  return { documents, partitions };
}

/** The generations that readers are answered from. */
export async function servingGenerations(db: Database): Promise<{ id: number; name: string; kind: string }[]> {
  const { rows } = await db.query<{ id: number; name: string; kind: string }>(
    `select id, name, model ->> 'kind' as kind from everwarm.generations where state = 'serving' order by id`,
  );
  return rows;
}
