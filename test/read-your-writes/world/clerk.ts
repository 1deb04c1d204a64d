import type { Random } from '@everwarm/testkit';
import { type Token, tokenOf } from 'everwarm/reader';
import type { PoolClient } from 'pg';
import { wideShelf } from './read-models.ts';

/** What must be read after a write: a volume (null: there is none; `illegible`: it cannot be made), the order of a shelf, or a shelf. */
export type Expected =
  | { readonly kind: 'volume'; readonly wing: string; readonly no: number; readonly is: VolumeIs | 'illegible' | null }
  | { readonly kind: 'roll'; readonly shelf: number; readonly numbers: readonly number[] }
  | { readonly kind: 'shelf'; readonly id: number; readonly stamp: number; readonly volumeCount: number };

/** A volume as its document must show it. */
export type VolumeIs = { readonly shelf: number; readonly stamp: number; readonly shelfStamp: number };

/** One committed transaction: the token that names it, and what must be read with it. */
export type Written = { readonly token: Token; readonly expected: readonly Expected[] };

type Volume = { shelf: number; place: number; stamp: number; weight: number };

const shelvesEach = 3;
const mostVolumes = 24;

/**
 * A writer with a wing and shelves of its own, which knows exactly what the rows of these say: each write is one transaction, of one to
 * three statements, and names what of the archive it changed.
 */
export class Clerk {
  readonly #client: PoolClient;
  readonly #random: Random;
  readonly #wing: string;
  readonly #shelves = new Map<number, number>();
  readonly #volumes = new Map<number, Volume>();
  #wideStamp = 0;
  readonly #isChief: boolean;
  #stamp = 0;

  constructor(client: PoolClient, random: Random, number: number) {
    this.#client = client;
    this.#random = random;
    this.#wing = `wing "${number}"`;
    this.#isChief = number === 1;
    for (let shelf = 1; shelf <= shelvesEach; shelf++) this.#shelves.set(number * 10 + shelf, 0);
  }

  /** Makes its shelves. Once, before it writes. */
  async begin(): Promise<void> {
    for (const shelf of this.#shelves.keys())
      await this.#client.query('insert into "Archive"."Shelf" values ($1, $2, 0)', [shelf, `shelf ${shelf}`]);
  }

  /** Writes something, commits it, and says what must be read. */
  async write(): Promise<Written> {
    const touched = new Set<number>();
    const shelves = new Set<number>();
    let isWide = false;
    await this.#client.query('begin');
    // It names the transaction wherever in it it is asked for.
    const early = this.#random.chance(0.3) ? await tokenOf(this.#client) : null;
    for (let left = this.#random.integer(1, 3); left > 0; left--) {
      if (this.#isChief && this.#random.chance(0.02)) {
        isWide = true;
        this.#wideStamp = ++this.#stamp;
        await this.#relabel(wideShelf.id, this.#wideStamp);
      } else await this.#change(touched, shelves);
    }
    const token = early ?? (await tokenOf(this.#client));
    await this.#client.query('commit');
    const volumes = [...touched].map((no) => this.#volumeIs(no));
    const rolls = [...shelves].flatMap((shelf) => [this.#rollIs(shelf), this.#shelfIs(shelf)]);
    const wide = isWide ? [this.#wideIs()] : [];
    return { token, expected: this.#random.shuffle([...volumes, ...rolls, ...wide]) };
  }

  async #change(touched: Set<number>, shelves: Set<number>): Promise<void> {
    const random = this.#random;
    const shelf = random.pick([...this.#shelves.keys()]);
    const no = random.integer(1, mostVolumes);
    const volume = this.#volumes.get(no);
    const stamp = ++this.#stamp;
    touched.add(no);
    if (!volume) {
      const made: Volume = { shelf, place: random.integer(0, 1000) * 100 + no, stamp, weight: 1 };
      await this.#client.query(
        'insert into "Archive"."Volume" ("Wing", "volume No", "Shelf", "Place", weight, "Stamp") values ($1, $2, $3, $4, 1, $5)',
        [this.#wing, no, shelf, made.place, stamp],
      );
      this.#volumes.set(no, made);
      shelves.add(shelf);
      return;
    }
    shelves.add(volume.shelf);
    const draw = random.next();
    if (draw < 0.15) {
      await this.#client.query('delete from "Archive"."Volume" where "Wing" = $1 and "volume No" = $2', [this.#wing, no]);
      this.#volumes.delete(no);
    } else if (draw < 0.3) {
      // Nobody's concern, and met all the same.
      await this.#set(no, `memo = 'seen ${stamp}'`);
    } else if (draw < 0.42) {
      this.#shelves.set(volume.shelf, stamp);
      await this.#relabel(volume.shelf, stamp);
    } else if (draw < 0.6) {
      Object.assign(volume, { shelf, place: random.integer(0, 1000) * 100 + no, stamp });
      await this.#set(no, `"Shelf" = ${shelf}, "Place" = ${volume.place}, "Stamp" = ${stamp}`);
      shelves.add(shelf);
    } else {
      const weight = random.chance(0.03) ? 0 : volume.weight === 0 && random.chance(0.5) ? 0 : 1;
      Object.assign(volume, { stamp, weight });
      await this.#set(no, `weight = ${weight}, "Stamp" = ${stamp}`);
    }
  }

  async #set(no: number, set: string): Promise<void> {
    await this.#client.query(`update "Archive"."Volume" set ${set} where "Wing" = $1 and "volume No" = $2`, [this.#wing, no]);
  }

  async #relabel(shelf: number, stamp: number): Promise<void> {
    await this.#client.query('update "Archive"."Shelf" set "Label" = $2, "Stamp" = $3 where "shelfId" = $1', [
      shelf,
      `as of ${stamp}`,
      stamp,
    ]);
  }

  #volumeIs(no: number): Expected {
    const volume = this.#volumes.get(no);
    const is = volume && (volume.weight === 0 ? 'illegible' : { ...pick(volume), shelfStamp: this.#shelves.get(volume.shelf)! });
    return { kind: 'volume', wing: this.#wing, no, is: is ?? null };
  }

  #rollIs(shelf: number): Expected {
    const on = [...this.#volumes].filter(([, volume]) => volume.shelf === shelf && volume.weight !== 0);
    return { kind: 'roll', shelf, numbers: on.toSorted(([, a], [, b]) => a.place - b.place).map(([no]) => no) };
  }

  #shelfIs(id: number): Expected {
    const volumeCount = [...this.#volumes.values()].filter((volume) => volume.shelf === id).length;
    return { kind: 'shelf', id, stamp: this.#shelves.get(id)!, volumeCount };
  }

  #wideIs(): Expected {
    const no = this.#random.integer(1, wideShelf.volumes);
    return { kind: 'volume', wing: wideShelf.wing, no, is: { shelf: wideShelf.id, stamp: 0, shelfStamp: this.#wideStamp } };
  }
}

const pick = ({ shelf, stamp }: Volume) => ({ shelf, stamp });
