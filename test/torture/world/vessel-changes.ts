import type { Random } from '../../../libs/everwarm/src/torture/types.ts';
import { ballast, entryWords, isPhoenix, subjects, undone } from './inspect.ts';
import { begin, type Hull, isVessel, type Progress, type Row, text, type YardSession } from './yard-session.ts';

/** What a transaction changes, and whose numbers it took: known to be committed when its commit is heard of. */
export type Made = { readonly stamps: readonly { readonly subject: string; readonly stamp: number }[]; readonly fate?: Fate };

/** What becomes of a hull with the transaction. */
export type Fate = Hull & { readonly lives: boolean };

/** What a change is made from. `isolation` is of its transaction; it must be begun and left open. */
export type Changing = { readonly session: YardSession; readonly random: Random; readonly isolation: string };

/** How many docks there are; who leaves the last one is scrapped. */
const docks = 40;

/** The transaction turned out to have nothing to do: it is rolled back. */
export const nothing = Symbol('nothing to do');

type Vessel = Row & { readonly life: number; readonly dock: number | null; readonly logged: number };

const nameOf = ({ fleet, hullNo }: Hull): string => subjects.vessel(fleet, hullNo);

/** What is known of a vessel under the lock of its progress, or undefined when it is not alive. */
async function look(session: YardSession, hull: Hull): Promise<Vessel | undefined> {
  const where = isVessel(hull);
  const rows = await session.run(
    `select life, dock, (select count(*)::integer from "Yard"."LogEntry" where ${where}) as logged from "Yard"."Vessel" where ${where}`,
  );
  return rows[0] as Vessel | undefined;
}

/** The last statement of every transaction over vessels: their stamps and seals, in one statement for all. */
const sealAll = (hulls: readonly Hull[], progress: ReadonlyMap<string, Progress>): string =>
  `update "Yard"."Vessel" v set "Stamp" = p.stamp, "Seal" = "Yard".seal(v."Fleet", v."hullNo", p.stamp)
from (values ${hulls.map((hull) => `(${text(hull.fleet)}, ${hull.hullNo}::bigint, ${progress.get(nameOf(hull))!.stamp}::bigint)`).join(', ')}) p (fleet, hull, stamp)
where v."Fleet" = p.fleet and v."hullNo" = p.hull`;

const stampsOf = (progress: ReadonlyMap<string, Progress>) => [...progress.values()].map(({ subject, stamp }) => ({ subject, stamp }));

/** One of the things that happen to a vessel that is afloat: pumping, an entry in its log, another draft, a scrap that is taken back. */
export async function tend({ session, random, isolation }: Changing, hull: Hull): Promise<Made | typeof nothing> {
  const progress = await begin(session, [nameOf(hull)], isolation);
  const vessel = await look(session, hull);
  if (!vessel) return nothing;
  const statements = Array.from({ length: random.integer(1, 3) }, (_, index) => tending(random, hull, vessel, index));
  if (random.chance(0.1)) statements.push(regretted(hull));
  await session.run([...statements, sealAll([hull], progress)].join(';\n'));
  return { stamps: stampsOf(progress) };
}

function tending(random: Random, hull: Hull, { life, logged }: Vessel, index: number): string {
  const where = isVessel(hull);
  const amount = random.integer(-90, 90);
  return random.pick([
    () => `update "Yard".tank set "Level" = "Level" - ${amount} where ${where} and side = 'port';
update "Yard".tank set "Level" = "Level" + ${amount} where ${where} and side = 'starboard'`,
    () =>
      `insert into "Yard"."LogEntry" select ${text(hull.fleet)}, ${hull.hullNo}, n, 'entry ' || n || ' of ${hull.hullNo}, life ${life}'
from (select coalesce(max(n), 0) as last from "Yard"."LogEntry" where ${where}) l, generate_series(l.last + 1, l.last + ${random.integer(1, 2)}) n`,
    () => `update "Yard"."Vessel" set "Draft" = ${random.integer(1, 60)} where ${where}`,
    () => `merge into "Yard"."Vessel" v using (values (${text(hull.fleet)}, ${hull.hullNo})) s (f, h) on v."Fleet" = s.f and v."hullNo" = s.h
when matched then update set "Draft" = ${logged + index}`,
  ])();
}

/** What is undone inside of the transaction, cascades included. */
const regretted = (hull: Hull): string => `savepoint s; update "Yard"."LogEntry" set "Words" = '${undone}' where ${isVessel(hull)};
update "Yard"."Vessel" set "Seal" = '${undone}' where ${isVessel(hull)}; rollback to savepoint s`;

/** To a dock further on; from the last one it is scrapped. Rarely it is scrapped where it lies. */
export async function move({ session, random, isolation }: Changing, hull: Hull): Promise<Made | typeof nothing> {
  const progress = await begin(session, [nameOf(hull)], isolation);
  const vessel = await look(session, hull);
  if (!vessel) return nothing;
  const [{ stamp } = { stamp: 0 }] = progress.values();
  const dock = (vessel.dock ?? 0) + random.integer(1, 3);
  if (dock > docks || random.chance(0.03)) {
    await session.run(`delete from "Yard"."Vessel" where ${isVessel(hull)}`);
    return { stamps: [{ subject: nameOf(hull), stamp }], fate: { ...hull, lives: false } };
  }
  await session.run(
    `update "Yard"."Vessel" set dock = ${dock}, "Draft" = ${random.integer(1, 60)} where ${isVessel(hull)};
update "Yard"."Progress" set dock = ${dock} where subject = ${text(nameOf(hull))};
${sealAll([hull], progress)}`,
  );
  return { stamps: stampsOf(progress) };
}

/** A hull is built, for the first time or, if it may be, again: in the dock after its last, so that no entry of it is ever repeated. */
export async function launch({ session, random, isolation }: Changing, hull: Hull): Promise<Made | typeof nothing> {
  const progress = await begin(session, [nameOf(hull)], isolation);
  const own = progress.get(nameOf(hull))!;
  if (own.life > 0 && !isPhoenix(hull.hullNo)) return nothing;
  const life = own.life + 1;
  const dock = ((own.dock ?? 0) % docks) + random.integer(1, 2);
  const port = random.integer(0, ballast);
  const { fleet, hullNo } = hull;
  // Nobody's dock goes down, not even that of the next life: past the last dock a hull is not built again.
  if (dock <= (own.dock ?? 0)) return nothing;
  await session.run(
    `insert into "Yard"."Vessel" ("Fleet", "hullNo", life, "Stamp", "Seal", dock, "Draft", cargo) values (${text(fleet)}, ${hullNo}, ${life}, ${own.stamp}, '', ${dock}, ${random.integer(1, 60)}, ${random.integer(0, 50)});
insert into "Yard".tank ("Fleet", "hullNo", side, "Level") values (${text(fleet)}, ${hullNo}, 'port', ${port}), (${text(fleet)}, ${hullNo}, 'starboard', ${ballast - port});
insert into "Yard"."LogEntry" values (${text(fleet)}, ${hullNo}, 1, ${text(entryWords(hullNo, life, 1))});
update "Yard"."Progress" set life = ${life}, dock = ${dock} where subject = ${text(own.subject)};
${sealAll([hull], progress)}`,
  );
  return { stamps: stampsOf(progress), fate: { ...hull, lives: true } };
}

/** Cargo goes from one vessel to another of the same convoy or fleet. */
export async function pass({ session, random, isolation }: Changing, from: Hull, to: Hull): Promise<Made | typeof nothing> {
  const progress = await begin(session, [nameOf(from), nameOf(to)], isolation);
  const [one, other] = [await look(session, from), await look(session, to)];
  if (!one || !other || progress.size < 2) return nothing;
  const amount = random.integer(1, 30);
  await session.run(
    `update "Yard"."Vessel" set cargo = cargo - ${amount} where ${isVessel(from)};
update "Yard"."Vessel" set cargo = cargo + ${amount} where ${isVessel(to)};
${sealAll([from, to], progress)}`,
  );
  return { stamps: stampsOf(progress) };
}

/** One statement over many vessels. */
export async function refit({ session, isolation }: Changing, hulls: readonly Hull[]): Promise<Made | typeof nothing> {
  if (hulls.length === 0) return nothing;
  const progress = await begin(session, hulls.map(nameOf), isolation);
  const all = hulls.map((hull) => `(${isVessel(hull)})`).join(' or ');
  await session.run(`update "Yard"."Vessel" set "Draft" = ("Draft" + 7) % 60 + 1 where ${all};\n${sealAll(hulls, progress)}`);
  return { stamps: stampsOf(progress) };
}
