import type { Random } from '@everwarm/testkit';

/* Every way in which a stranger's program may write to the museum. Which rows a statement hits is left to Postgres. */

/** One statement. It may fail on a constraint, and then has changed nothing. */
export type Write = { readonly text: string; readonly values: readonly unknown[] };

const sites = ['north', 'Süd "A"', "O'Hara: 1/2"];
const words = ['Vase', 'Mummy', 'Rosetta', 'naïve “art”', 'ends with \\', '', '{"a":1}', 'tab\there'];
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const anyExhibit = 'id = (select id from exhibit order by id offset $1 limit 1)';
const anyKeyword = 'id = (select id from "Catalogue"."Key""word" order by id offset $1 limit 1)';

type Kind = (random: Random) => Write;

const offset = (random: Random) => random.integer(0, 25);
const moment = (random: Random) => `2026-03-01T00:00:0${random.integer(0, 9)}.${random.integer(100, 104)}+02:00`;
const amount = (random: Random) => (random.chance(0.2) ? null : (random.integer(0, 99_999_999) / 100).toFixed(2));
const several = <Item>(random: Random, make: () => Item) => Array.from({ length: random.integer(1, 6) }, make);

const kinds: readonly Kind[] = [
  (random) => {
    const rows = several(
      random,
      () => [random.pick(sites), random.integer(1, 4), random.pick(words), random.chance(0.5) ? '2026-12-31' : null] as const,
    );
    return {
      text: 'insert into "Hall" select * from unnest($1::text[], $2::integer[], $3::text[], $4::date[]) on conflict do nothing',
      values: [rows.map((row) => row[0]), rows.map((row) => row[1]), rows.map((row) => row[2]), rows.map((row) => row[3])],
    };
  },
  (random) => ({ text: 'update "Hall" set name = $1 where "Site" = $2', values: [random.pick(words), random.pick(sites)] }),
  (random) => ({ text: 'update "Hall" set "closed on" = null where "No." = $1', values: [random.integer(1, 4)] }),
  (random) => ({
    text: 'update "Hall" set "No." = $1 where "Site" = $2 and "No." = $3',
    values: [random.integer(1, 5), random.pick(sites), random.integer(1, 5)],
  }),
  (random) => ({
    text: 'update "Hall" set "Site" = $1 where "Site" = $2 and "No." = $3',
    values: [random.pick(sites), random.pick(sites), random.integer(1, 5)],
  }),
  (random) => ({ text: 'delete from "Hall" where "Site" = $1 and "No." = $2', values: [random.pick(sites), random.integer(1, 4)] }),
  insertExhibits,
  insertExhibits,
  (random) => ({
    text: 'update exhibit set (site, "hallNo") = (select "Site", "No." from "Hall" order by 1, 2 offset $1 limit 1) where id in (select id from exhibit order by updated, id limit $2)',
    values: [random.integer(0, 8), random.integer(1, 4)],
  }),
  (random) => ({ text: `update exhibit set "hallNo" = null where ${anyExhibit}`, values: [offset(random)] }),
  (random) => ({ text: `update exhibit set "Title" = $2 where ${anyExhibit}`, values: [offset(random), random.pick(words)] }),
  (random) => ({
    text: `update exhibit set insured = $2, updated = $3 where ${anyExhibit}`,
    values: [offset(random), amount(random), moment(random)],
  }),
  () => ({ text: 'update exhibit set insured = insured + 0.01 where "onShow"', values: [] }),
  (random) => ({ text: `update exhibit set "onShow" = not "onShow" where ${anyExhibit}`, values: [offset(random)] }),
  (random) => ({
    text: `update exhibit set "partOf" = (select id from exhibit order by id desc offset $2 limit 1) where ${anyExhibit}`,
    values: [offset(random), offset(random)],
  }),
  (random) => ({ text: `update exhibit set id = $2 where ${anyExhibit}`, values: [offset(random), uuid(random.integer(1, 60))] }),
  (random) => ({ text: `delete from exhibit where ${anyExhibit}`, values: [offset(random)] }),
  (random) => ({
    text: 'insert into "Catalogue"."Key""word" values ($1, $2) on conflict (id) do update set label = excluded.label',
    values: [random.integer(1, 9), random.pick(words)],
  }),
  (random) => ({
    text: `update "Catalogue"."Key""word" set id = $2 where ${anyKeyword}`,
    values: [random.integer(0, 8), random.integer(1, 9)],
  }),
  (random) => ({ text: `delete from "Catalogue"."Key""word" where ${anyKeyword}`, values: [random.integer(0, 12)] }),
  linkMany,
  linkMany,
  (random) => ({
    text: 'update "Catalogue".exhibit_keyword set keyword = $2 where exhibit = (select id from exhibit order by id offset $1 limit 1)',
    values: [offset(random), random.integer(1, 9)],
  }),
  (random) => ({ text: 'delete from "Catalogue".exhibit_keyword where keyword = $1', values: [random.integer(1, 9)] }),
];

/** Statements that empty tables, each once in a long while. */
const truncations = [
  'truncate "Catalogue".exhibit_keyword',
  'truncate "Catalogue"."Key""word" cascade',
  'truncate exhibit cascade',
  'truncate "Hall" cascade',
];

/** The next statement of a random history. */
export function nextWrite(random: Random): Write {
  if (random.chance(0.01)) return { text: random.pick(truncations), values: [] };
  return random.pick(kinds)(random);
}

/** Keys that documents may have, those of rows that are gone and that never were included. */
export const possibleKeys = {
  halls: sites.flatMap((site) => [1, 2, 3, 4, 5].map((number) => ({ site, number }))),
  exhibits: Array.from({ length: 60 }, (_, index) => uuid(index + 1)),
  sites,
  keywords: [1, 2, 3, 4, 5, 6, 7, 8, 9],
};

function insertExhibits(random: Random): Write {
  const rows = several(
    random,
    () => [uuid(random.integer(1, 60)), random.pick(words), amount(random), random.chance(0.8), moment(random)] as const,
  );
  return {
    text: `insert into exhibit (id, site, "hallNo", "partOf", "Title", insured, "onShow", updated)
           select row.id, hall."Site", hall."No.", (select id from exhibit order by id offset $7 limit 1), row.title, row.insured, row.shown, row.at
           from unnest($1::uuid[], $2::text[], $3::numeric[], $4::boolean[], $5::timestamptz[]) as row (id, title, insured, shown, at)
           left join (select * from "Hall" order by 1, 2 offset $6 limit 1) hall on true on conflict do nothing`,
    values: [
      rows.map((row) => row[0]),
      rows.map((row) => row[1]),
      rows.map((row) => row[2]),
      rows.map((row) => row[3]),
      rows.map((row) => row[4]),
      random.integer(0, 9),
      random.integer(0, 40),
    ],
  };
}

function linkMany(random: Random): Write {
  return {
    text: `insert into "Catalogue".exhibit_keyword select e.id, k.id from exhibit e, "Catalogue"."Key""word" k
           where (('x' || right(md5(e.id::text || $1), 4))::bit(16)::integer + k.id) % 5 = 0 on conflict do nothing`,
    values: [String(random.integer(0, 9))],
  };
}
