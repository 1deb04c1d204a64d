import type pg from 'pg';
import { personName, word } from './prose.ts';
import { randomOf } from './random.ts';
import type { Volumes } from './volumes.ts';

/** The ids of a community's members, categories and tags, by index. */
export type Community = { readonly users: Int32Array; readonly categories: Int32Array; readonly tags: Int32Array };

/** Rows of a key, which tells them apart, and a name: how to write those that are missing, and how to find all in the order given. */
type Kind = { readonly row: (seed: number, index: number) => readonly [string, string]; readonly insert: string; readonly ids: string };

const BATCH = 5_000;

const users: Kind = {
  row: (seed, index) => [`generated-${seed}/user/${index}`, personName(randomOf(seed, 'user', index))],
  insert: `insert into users (external_id, name, created_at) select key, name, '2023-12-01Z' from unnest($1::text[], $2::text[]) n (key, name)
    on conflict (external_id) do nothing`,
  ids: 'select id from unnest($1::text[]) with ordinality n (key, place) join users u on u.external_id = n.key order by place',
};

const categories: Kind = {
  row: (seed, index) => label(seed, 'category', index),
  insert: `insert into categories (slug, name, created_at) select key, name, '2023-12-01Z' from unnest($1::text[], $2::text[]) n (key, name)
    on conflict (slug) do nothing`,
  ids: 'select id from unnest($1::text[]) with ordinality n (key, place) join categories c on c.slug = n.key order by place',
};

const tags: Kind = {
  row: (seed, index) => label(seed, 'tag', index),
  insert: 'insert into tags (name) select key from unnest($1::text[], $2::text[]) n (key, name) on conflict (name) do nothing',
  ids: 'select id from unnest($1::text[]) with ordinality n (key, place) join tags t on t.name = n.key order by place',
};

/** Writes the members, categories and tags that are not there yet, and returns the ids of all. */
export async function writeCommunity(client: pg.Client, seed: number, volumes: Volumes): Promise<Community> {
  return {
    users: await writeKind(client, seed, volumes.users, users),
    categories: await writeKind(client, seed, volumes.categories, categories),
    tags: await writeKind(client, seed, volumes.tags, tags),
  };
}

async function writeKind(client: pg.Client, seed: number, count: number, kind: Kind): Promise<Int32Array> {
  const ids = new Int32Array(count);
  for (let start = 0; start < count; start += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_, offset) => kind.row(seed, start + offset));
    const keys = rows.map(([key]) => key);
    await client.query(kind.insert, [keys, rows.map(([, name]) => name)]);
    const { rows: found } = await client.query<{ id: number }>(kind.ids, [keys]);
    for (const [offset, { id }] of found.entries()) ids[start + offset] = id;
  }
  return ids;
}

/** Two words and the index, which keeps labels apart where the words repeat; different seeds share no label. */
function label(seed: number, kind: string, index: number): readonly [string, string] {
  const random = randomOf(seed, kind, index);
  const name = `${word(random)}-${word(random)}`;
  return [`${name}-${seed}-${index}`, name];
}
