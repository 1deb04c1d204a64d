import type { Random } from '../../../libs/everwarm/src/torture/types.ts';
import { change, file, raise, rename, titles } from './other-changes.ts';
import { convoys, escort, fleets, type Roster } from './roster.ts';
import { type Changing, launch, type Made, move, nothing, pass, refit, tend } from './vessel-changes.ts';
import { text } from './yard-session.ts';

/** What changes are drawn from. `signals` are the ids of those raised last. */
export type Yard = { readonly roster: Roster; readonly signals: string[] };

type Maker = (changing: Changing, yard: Yard, fleet: string) => Promise<Made | typeof nothing>;

const one =
  (make: (changing: Changing, hull: { fleet: string; hullNo: number }) => Promise<Made | typeof nothing>): Maker =>
  async (changing, { roster }, fleet) => {
    const hull = roster.any(changing.random, fleet);
    return hull ? make(changing, hull) : nothing;
  };

const makers: readonly (readonly [weight: number, Maker])[] = [
  [40, one(tend)],
  [18, one(move)],
  [6, (changing, { roster }, fleet) => launch(changing, roster.next(changing.random, fleet))],
  [
    12,
    (changing) => {
      const [, lead, tail] = changing.random.pick(convoys);
      const ends = changing.random.shuffle([lead, tail]).map((hullNo) => ({ fleet: escort, hullNo }));
      return pass(changing, ends[0]!, ends[1]!);
    },
  ],
  [
    5,
    async (changing, { roster }, fleet) => {
      const [from, to] = roster.several(changing.random, fleet, 2);
      return from && to ? pass(changing, from, to) : nothing;
    },
  ],
  [3, (changing, { roster }, fleet) => refit(changing, roster.several(changing.random, fleet, changing.random.integer(2, 20)))],
  [2, (changing, _, fleet) => rename(changing, fleet)],
  [6, (changing) => file(changing, changing.random.pick(titles))],
  [4, raiseAnother],
  [3, async (changing, { signals }) => (signals.length === 0 ? nothing : change(changing, changing.random.pick(signals)))],
  [4, unwatched],
];
const total = makers.reduce((sum, [weight]) => sum + weight, 0);

/** Makes one random change in a transaction that it begins and leaves open. */
export function randomChange(changing: Changing, yard: Yard): Promise<Made | typeof nothing> {
  const { random } = changing;
  const fleet = random.pick(fleets);
  // A yard that loses vessels faster than it builds them would become a quiet one.
  if (yard.roster.isShort(fleet) && random.chance(0.5)) return launch(changing, yard.roster.next(random, fleet));
  let draw = random.integer(1, total);
  for (const [weight, make] of makers) {
    draw -= weight;
    if (draw <= 0) return make(changing, yard, fleet);
  }
  return unwatched(changing, yard, fleet);
}

function raiseAnother(changing: Changing, { signals }: Yard): Promise<Made> {
  const id = uuid(changing.random);
  signals.push(id);
  if (signals.length > 30) signals.shift();
  return raise(changing, id);
}

/** A column that is in no read model, of many rows: nothing comes of it. */
async function unwatched({ session, random, isolation }: Changing, _: Yard, fleet: string): Promise<Made> {
  await session.run(
    `begin isolation level ${isolation}; update "Yard"."Vessel" set memo = 'seen ${random.integer(1, 999)}' where "Fleet" = ${text(fleet)} and "hullNo" % 5 = ${random.integer(0, 4)}`,
  );
  return { stamps: [] };
}

function uuid(random: Random): string {
  const hex = (length: number) => Array.from({ length }, () => random.integer(0, 15).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}
