import type { Random } from '../../../libs/everwarm/src/torture/types.ts';
import type { Hull, YardSession } from './yard-session.ts';

/** The fleets whose vessels come and go. */
export const fleets = ['north', 'Ünter "den"\\Linden', 'z:z'] as const;

/** The fleet whose vessels stay: pairs of them are convoys, and one shows how far all is. */
export const escort = '{1}';

/** How many vessels a fleet has when it is full. */
export const fleetSize = 36;

/** The pairs of hulls that are convoys. */
export const convoys: readonly (readonly [id: string, lead: number, tail: number])[] = Array.from({ length: 6 }, (_, index) => [
  `${String(index).repeat(8)}-0000-4000-8000-${'c'.repeat(12)}`,
  2 * index + 1,
  2 * index + 2,
]);

/** The vessel that is written to be waited for. */
export const beacon: Hull = { fleet: escort, hullNo: 99 };

/** Which vessels are afloat, as far as the writers know: what they believe may be out of date, and then a transaction finds nothing to do. */
export class Roster {
  readonly #afloat = new Map<string, Set<number>>();
  readonly #scrapped = new Map<string, number[]>();
  readonly #highest = new Map<string, number>();

  /** Believes what the database says. */
  async refresh(session: YardSession): Promise<void> {
    const rows = await session.run(
      `select "Fleet" as fleet, array_agg("hullNo"::integer) as hulls from "Yard"."Vessel" group by 1 union all select '', '{}'`,
    );
    for (const fleet of fleets) {
      const hulls = (rows.find((row) => row['fleet'] === fleet)?.['hulls'] ?? []) as number[];
      this.#afloat.set(fleet, new Set(hulls));
      this.#highest.set(fleet, Math.max(this.#highest.get(fleet) ?? 0, ...hulls));
    }
  }

  /** What became of a hull. */
  note({ fleet, hullNo, lives }: Hull & { readonly lives: boolean }): void {
    if (lives) this.#of(fleet).add(hullNo);
    else if (this.#of(fleet).delete(hullNo)) this.#scrapped.set(fleet, [...(this.#scrapped.get(fleet) ?? []), hullNo].slice(-8));
  }

  /** One that is afloat, or null. */
  any(random: Random, fleet: string): Hull | null {
    const hulls = [...this.#of(fleet)];
    return hulls.length === 0 ? null : { fleet, hullNo: random.pick(hulls) };
  }

  /** Several that are afloat, each once. */
  several(random: Random, fleet: string, count: number): Hull[] {
    return random
      .shuffle([...this.#of(fleet)])
      .slice(0, count)
      .map((hullNo) => ({ fleet, hullNo }));
  }

  /** Whether a fleet lacks vessels. */
  isShort(fleet: string): boolean {
    return this.#of(fleet).size < fleetSize;
  }

  /** A hull to be built: a new one, or one that was scrapped. */
  next(random: Random, fleet: string): Hull {
    const scrapped = this.#scrapped.get(fleet) ?? [];
    if (scrapped.length > 0 && random.chance(0.4)) return { fleet, hullNo: random.pick(scrapped) };
    const hullNo = (this.#highest.get(fleet) ?? 0) + 1;
    this.#highest.set(fleet, hullNo);
    return { fleet, hullNo };
  }

  #of(fleet: string): Set<number> {
    const known = this.#afloat.get(fleet) ?? new Set<number>();
    this.#afloat.set(fleet, known);
    return known;
  }
}
