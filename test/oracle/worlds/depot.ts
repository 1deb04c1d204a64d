import { average, greatest, least, sum } from '../folding.ts';
import { moment, plain, quoted } from '../json-forms.ts';
import { array, keyOf, matching, object, one, only, pick, type Row, type Rows, value } from '../naive.ts';
import { asc, byBytes, byInteger, byLabel, byNumber, byTime, desc, type Entry, partitioned, sorted } from '../sorting.ts';
import { document, list, type World } from '../world.ts';
import { crateDocument, cratesByHall, cratesByTag, hallDocument, personDocument, shelfDocument, shelves } from './depot-models.ts';
import {
  byId,
  CRATE,
  crateFields,
  cratesOf,
  HALL,
  hallFields,
  hallOf,
  linksOf,
  PERSON,
  personFields,
  personOf,
  SHELF,
  shelfFields,
  shelfOf,
  TAG,
  tagFields,
  tagsOf,
} from './depot-rows.ts';
import { depotDdl } from './depot-schema.ts';

function shelfExpected(rows: Rows): Map<string, string> {
  const crate = (row: Row): string =>
    object(
      pick(
        row,
        crateFields.filter(([property]) => !['raw', 'meta', 'price'].includes(property)),
      ),
      ['from', one(personOf(rows, row, 'sender'), sender)],
      ['to', one(personOf(rows, row, 'receiver'), (person) => object(pick(person, only(personFields, 'id', 'born', 'code'))))],
      ['tags', array(tagsOf(rows, row).map((tag) => object(pick(tag, only(tagFields, 'label')))))],
    );
  const sender = (person: Row): string => {
    const received = sorted(matching(rows(CRATE), ['receiver'], person, ['id']), asc('packed', byTime), byId).slice(0, 2);
    return object(pick(person, only(personFields, 'fullName')), [
      'received',
      array(received.map((row) => object(pick(row, only(crateFields, 'id', 'packed'))))),
    ]);
  };
  return new Map(
    rows(SHELF).map((shelf) => {
      const all = sorted(cratesOf(rows, shelf), byId);
      const shown = sorted(
        all.filter((row) => byNumber(row['weight']!, '-1') > 0),
        desc('weight', byNumber),
        byId,
      ).slice(0, 3);
      const labelled = all.filter((row) => row['label'] !== null && row['label'] !== "it's");
      return [
        keyOf(shelf, ['hall', 'no']),
        object(
          pick(shelf, shelfFields),
          ['inHall', one(hallOf(rows, shelf), (hall) => object(pick(hall, only(hallFields, 'code', 'isOpen'))))],
          ['crates', array(shown.map(crate))],
          ['crateCount', String(all.length)],
          ['labelled', String(labelled.length)],
          ['weight', sum(all, 'weight', quoted)],
          ['mean', average(all, 'weight')],
          ['lightest', least(all, 'weight', byNumber, quoted)],
          ['heaviest', greatest(all, 'weight', byNumber, quoted)],
          ['lastPacked', greatest(all, 'packed', byTime, moment(3, true))],
          ['senders', sum(all, 'sender')],
        ),
      ];
    }),
  );
}

const isShown = (crate: Row): boolean => crate['label'] === null || !['back\\slash', 'b', '🐘🔥'].includes(crate['label']!);

/** Rounds half away from zero to one digit, as Postgres rounds numerics. */
function rounded(weight: string): string {
  if (weight === 'NaN') return weight;
  const [whole = '0', fraction = ''] = weight.replace('-', '').split('.');
  const tenths = (BigInt(whole + fraction.padEnd(2, '0').slice(0, 2)) + 5n) / 10n;
  const text = `${tenths / 10n}.${tenths % 10n}`;
  return weight.startsWith('-') && tenths !== 0n ? `-${text}` : text;
}

function crateExpected(rows: Rows): Map<string, string> {
  return new Map(
    rows(CRATE)
      .filter(isShown)
      .map((crate) => {
        const links = linksOf(rows, crate);
        const strong = links.filter(({ strength }) => strength == null || BigInt(strength) > 0n);
        const tags = sorted(
          tagsOf(rows, crate, strong).filter(({ hidden }) => hidden === 'false'),
          desc('label', byBytes),
          asc('id', byInteger),
        );
        const loud = (label: string) => JSON.stringify(`${label.replaceAll('a', 'AA')}\\"'!`);
        return [
          crate['id']!,
          object(
            pick(crate, crateFields),
            ['loud', value(crate['label'], loud)],
            ['rounded', crate['weight'] === 'NaN' ? '"NaN"' : rounded(crate['weight']!)],
            [
              'onShelf',
              one(shelfOf(rows, crate), (shelf) =>
                object(pick(shelf, shelfFields), ['inHall', one(hallOf(rows, shelf), (hall) => object(pick(hall, hallFields)))]),
              ),
            ],
            ['to', one(personOf(rows, crate, 'receiver'), (person) => object(pick(person, only(personFields, 'id', 'fullName', 'born'))))],
            ['tags', array(tags.slice(0, 4).map((tag) => object(pick(tag, tagFields))))],
            ['strength', sum(links, 'strength')],
            ['meanStrength', average(links, 'strength')],
            ['tagCount', String(links.length)],
          ),
        ];
      }),
  );
}

function personExpected(rows: Rows): Map<string, string> {
  const isOld = (packed: string | null | undefined) => packed != null && byTime(packed, '2024-01-01 00:00:00+00') < 0;
  return new Map(
    rows(PERSON).map((person) => {
      const sent = sorted(matching(rows(CRATE), ['sender'], person, ['id']), desc('label', byBytes), desc('id', byBytes));
      const received = matching(rows(CRATE), ['receiver'], person, ['id']);
      const shown = sorted(
        received.filter(({ label, packed }) => label !== null || isOld(packed)),
        { column: 'packed', by: byTime, descending: true },
        byId,
      );
      return [
        person['id']!,
        object(
          pick(person, personFields),
          [
            'sent',
            array(
              sent.map((crate) =>
                object(pick(crate, only(crateFields, 'id')), [
                  'to',
                  one(personOf(rows, crate, 'receiver'), (to) => object(pick(to, only(personFields, 'fullName')))),
                ]),
              ),
            ),
          ],
          [
            'received',
            array(
              shown.map((crate) =>
                object(pick(crate, only(crateFields, 'label')), [
                  'onShelf',
                  one(shelfOf(rows, crate), (shelf) => object(pick(shelf, only(shelfFields, 'title', 'grade')))),
                ]),
              ),
            ),
          ],
          ['sentCount', String(sent.length)],
          ['firstLabel', least(received, 'label', byBytes, quoted)],
        ),
      ];
    }),
  );
}

function hallExpected(rows: Rows): Map<string, string> {
  const link = (row: Row): string =>
    object(
      [['strength', value(row['strength'], plain)]],
      ['ofTag', one(matching(rows(TAG), ['id'], row, ['tag'])[0], (tag) => object(pick(tag, only(tagFields, 'label'))))],
    );
  const crate = (row: Row): string =>
    object(pick(row, only(crateFields, 'id', 'weight')), [
      'crateTags',
      array(sorted(linksOf(rows, row), asc('tag', byInteger), asc('crate', byBytes)).map(link)),
    ]);
  return new Map(
    rows(HALL).map((hall) => {
      const order = [
        { column: 'Grade', by: byLabel(['low', 'mid "two"', 'high']), nullsFirst: true },
        asc('opened', byTime),
        asc('no', byInteger),
      ];
      const inside = sorted(matching(rows(SHELF), ['hall'], hall, ['Code']), ...order);
      const shelf = (row: Row): string => {
        const crates = sorted(cratesOf(rows, row), byId);
        return object(pick(row, shelfFields), ['crates', array(crates.map(crate))], ['crates_here', String(crates.length)]);
      };
      return [hall['Code']!, object(pick(hall, hallFields), ['shelves', array(inside.map(shelf))])];
    }),
  );
}

const heavy = (rows: Rows) => rows(CRATE).filter(isShown);

function cratesByTagExpected(rows: Rows): Map<string, string[]> {
  const entries = heavy(rows)
    .filter(({ weight }) => byNumber(weight!, '10') !== 0)
    .flatMap((crate) => linksOf(rows, crate).map((link): Entry => [link['tag']!, crate]));
  return partitioned(
    entries,
    ['id'],
    { column: 'packed', by: byTime, nullsFirst: true },
    { column: 'receiver', by: byInteger, descending: true },
    byId,
  );
}

const halls = ['a', '', 'say "hi" \\ it\'s', '["a"]', '🐘\n{1}'];

/** The first world. */
export const depotWorld: World = {
  name: 'depot',
  ddl: depotDdl,
  documents: [
    document(shelfDocument, shelfExpected),
    document(crateDocument, crateExpected),
    document(personDocument, personExpected),
    document(hallDocument, hallExpected),
  ],
  lists: [
    list(cratesByHall, (rows) =>
      partitioned(
        heavy(rows).flatMap((crate): Entry[] => (crate['hall'] == null ? [] : [[crate['hall'], crate]])),
        ['id'],
        desc('packed', byTime),
        byId,
      ),
    ),
    list(cratesByTag, cratesByTagExpected),
    list(shelves, (rows) =>
      partitioned(
        rows(SHELF).map((shelf): Entry => ['', shelf]),
        ['hall', 'no'],
        { column: 'opened', by: byTime, descending: true },
        asc('no', byInteger),
        asc('hall', byBytes),
      ),
    ),
  ],
  // Few parents, so that each has more children than the limits show.
  own: {
    [`${HALL}.Code`]: halls,
    [`${SHELF}.hall`]: halls,
    [`${SHELF}.no`]: ['1', '2', '-2147483648'],
    [`${CRATE}.hall`]: halls,
    [`${CRATE}.shelf_no`]: ['1', '1', '2'],
    [`${CRATE}.sender`]: ['1', '1', '2', '3000000000'],
    [`${CRATE}.receiver`]: ['1', '2', '9007199254740991', '-7'],
    [`${PERSON}.id`]: ['1', '2', '-7', '9007199254740991'],
    [`${TAG}.id`]: ['1', '2', '3', '4', '5', '6', '2147483647'],
    'public.crate_tag.tag': ['1', '2', '3', '4', '5', '6'],
  },
};
