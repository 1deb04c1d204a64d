import { ballast, entryWords, fleetName, manifestWords, subjects } from './inspect.ts';
import { titles } from './other-changes.ts';
import { beacon, convoys, escort, fleetSize, fleets } from './roster.ts';
import { text } from './yard-session.ts';

/**
 * The rows to begin with, as one transaction over the empty tables: full fleets, convoys, the beacon, legible manifests.
 * Each subject is at its first change.
 */
export function yardRows(): string {
  const own = fleets.flatMap((fleet) =>
    Array.from({ length: fleetSize }, (_, index) => ({ fleet, hullNo: index + 1, dock: 1 + (index % 9) })),
  );
  const escorted = [...convoys.flatMap(([, lead, tail]) => [lead, tail]), beacon.hullNo].map((hullNo) => ({
    fleet: escort,
    hullNo,
    dock: null,
  }));
  const hulls = [...own, ...escorted];
  const values = (rows: readonly (readonly (string | number | null)[])[]) =>
    rows.map((row) => `(${row.map((value) => (typeof value === 'string' ? text(value) : String(value))).join(', ')})`).join(',\n');
  const progress = [
    ...[...fleets, escort].map((code) => [subjects.fleet(code), 1, 0, null] as const),
    ...hulls.map(({ fleet, hullNo, dock }) => [subjects.vessel(fleet, hullNo), 1, 1, dock] as const),
    ...titles.map((title) => [subjects.manifest(title), 1, 0, null] as const),
  ];
  return `begin;
insert into "Yard"."Progress" (subject, stamp, life, dock) values ${values(progress)};
insert into "Yard"."Fleet" values ${values([...fleets, escort].map((code) => [code, fleetName(code, 1), 1]))};
insert into "Yard"."Vessel" ("Fleet", "hullNo", life, "Stamp", "Seal", dock, "Draft", cargo) values ${values(hulls.map(({ fleet, hullNo, dock }) => [fleet, hullNo, 1, 1, '', dock, 1 + (hullNo % 7), fleet === escort ? 100 : 10]))};
insert into "Yard".tank ("Fleet", "hullNo", side, "Level") values ${values(
    hulls.flatMap(({ fleet, hullNo }) => [
      [fleet, hullNo, 'port', 400],
      [fleet, hullNo, 'starboard', ballast - 400],
    ]),
  )};
insert into "Yard"."LogEntry" values ${values(hulls.map(({ fleet, hullNo }) => [fleet, hullNo, 1, entryWords(hullNo, 1, 1)]))};
insert into "Yard"."Convoy" values ${values(convoys.map(([id, lead, tail]) => [id, escort, lead, tail, 200]))};
insert into "Yard"."Manifest" values ${values(titles.map((title) => [title, 1, manifestWords(1)]))};
update "Yard"."Vessel" set "Seal" = "Yard".seal("Fleet", "hullNo", 1);
commit;`;
}
