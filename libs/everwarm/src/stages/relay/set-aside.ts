import type { Change } from '#contracts/change.ts';
import type { Generation } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import type { FanOut } from './fan-out.ts';

/** The transactions that captured more rows than this many, with the oldest time of each; by their ids. */
export type Giants = ReadonlyMap<string, { readonly rows: number }>;

/** Keys that one transaction dirtied in one generation, and where the first of them came from. */
type Aside = Pick<FanOut, 'generation' | 'path' | 'source'> & { readonly xid: string; since: number; readonly keys: Set<string> };

/** The transactions among these changes that captured more rows than `more`. */
export function giantsAmong(changes: readonly Change[], more: number): Giants {
  const rows = new Map<string, { rows: number }>();
  if (changes.length <= more) return rows;
  for (const { xid } of changes) {
    const known = rows.get(xid);
    if (known) known.rows++;
    else rows.set(xid, { rows: 1 });
  }
  for (const [xid, { rows: count }] of rows) if (count <= more) rows.delete(xid);
  return rows;
}

/**
 * Collects the keys of transactions that captured more rows than a generation's fuse allows keys. Whether they dirty more keys than
 * that, too, is known when all of them are counted, so they become a fan-out with its keys instead of debts.
 */
export class SetAside {
  readonly #giants: Giants;
  readonly #fuse: (model: string) => number;
  readonly #asides = new Map<string, Aside>();

  constructor(giants: Giants, fuse: (model: string) => number) {
    this.#giants = giants;
    this.#fuse = fuse;
  }

  /** Whether what this transaction dirties in this generation is set aside. What is being built derives everything anyway. */
  takes({ name, state }: Generation, xid: string): boolean {
    const giant = this.#giants.get(xid);
    return giant !== undefined && state !== 'building' && giant.rows > this.#fuse(name);
  }

  /** Sets a key aside. */
  add(change: Omit<Aside, 'keys'>, key: string): void {
    const id = `${change.generation} ${change.xid}`;
    const known = this.#asides.get(id);
    if (known) {
      known.since = Math.min(known.since, change.since);
      known.keys.add(key);
    } else this.#asides.set(id, { ...change, keys: new Set([key]) });
  }

  /** Writes what was collected, beside what the same transaction set aside before. */
  async write(tx: Database): Promise<void> {
    for (const { generation, path, source, xid, since, keys } of this.#asides.values()) {
      const { rows } = await tx.query<{ id: string }>(
        `insert into everwarm.fan_outs as f (generation, path, source, xid, xids, since, keys, parameters, digest)
values ($1, $2, $3, $4::text::xid8, array[$4::text], to_timestamp($5::float8 / 1000), '', '[]', 'transaction ' || $4::text)
on conflict (generation, digest) where not begun do update set since = least(f.since, excluded.since) returning id::text`,
        [generation, path, source, xid, since],
      );
      const id = rows[0]?.id;
      await tx.query(
        `update everwarm.fan_outs set keys = 'select key from everwarm.fan_out_keys where fan_out = ' || id where id = $1 and keys = ''`,
        [id],
      );
      await tx.query(
        `insert into everwarm.fan_out_keys (fan_out, key) select $1, k.key from unnest($2::text[]) as k (key) on conflict do nothing`,
        [id, [...keys]],
      );
    }
    this.#asides.clear();
  }
}
