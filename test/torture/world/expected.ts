import { sum } from '../../oracle/folding.ts';
import { moment, plain, quoted } from '../../oracle/json-forms.ts';
import { array, type Fields, keyOf, matching, object, one, only, pick, type Row, type Rows } from '../../oracle/naive.ts';
import { asc, byBytes, byInteger, desc, type Entry, partitioned, sorted } from '../../oracle/sorting.ts';
import { document, list, type World } from '../../oracle/world.ts';
import { ddl } from './ddl.ts';
import {
  convoySheet,
  dockRoll,
  fleetBoard,
  fleetRoll,
  manifestCard,
  poison,
  shownEntries,
  signalCard,
  vesselSheet,
} from './read-models.ts';

/*
 * What every document and list of the yard must be, from its rows alone, by the oracle's own means.
 */

const [FLEET, VESSEL, TANK, ENTRY, CONVOY, SIGNAL, MANIFEST] = [
  'Yard.Fleet',
  'Yard.Vessel',
  'Yard.tank',
  'Yard.LogEntry',
  'Yard.Convoy',
  'Yard.signal',
  'Yard.Manifest',
];

const fleetFields: Fields = [
  ['code', 'Code', quoted],
  ['name', 'name', quoted],
  ['stamp', 'Stamp', plain],
];
const vesselFields: Fields = [
  ['fleet', 'Fleet', quoted],
  ['hullNo', 'hullNo', plain],
  ['life', 'life', plain],
  ['stamp', 'Stamp', plain],
  ['seal', 'Seal', quoted],
  ['dock', 'dock', plain],
  ['draft', 'Draft', plain],
  ['cargo', 'cargo', plain],
];
const hull = ['Fleet', 'hullNo'];
const byHull = [asc('Fleet', byBytes), asc('hullNo', byInteger)];

function vesselOf(rows: Rows, vessel: Row): string {
  const tanks = sorted(matching(rows(TANK), hull, vessel, hull), asc('side', byBytes));
  const entries = matching(rows(ENTRY), hull, vessel, hull);
  return object(
    pick(vessel, vesselFields),
    ['inFleet', one(matching(rows(FLEET), ['Code'], vessel, ['Fleet'])[0], (fleet) => object(pick(fleet, fleetFields)))],
    [
      'tanks',
      array(
        tanks.map((tank) =>
          object(
            pick(tank, [
              ['side', 'side', quoted],
              ['level', 'Level', plain],
            ]),
          ),
        ),
      ),
    ],
    [
      'entries',
      array(
        sorted(entries, desc('n', byInteger))
          .slice(0, shownEntries)
          .map((entry) =>
            object(
              pick(entry, [
                ['n', 'n', plain],
                ['words', 'Words', quoted],
              ]),
            ),
          ),
      ),
    ],
    ['ballast', sum(tanks, 'Level')],
    ['logged', String(entries.length)],
  );
}

function boardOf(rows: Rows, fleet: Row): string {
  const vessels = sorted(matching(rows(VESSEL), ['Fleet'], fleet, ['Code']), ...byHull);
  return object(
    pick(fleet, fleetFields),
    ['vessels', array(vessels.map((vessel) => object(pick(vessel, only(vesselFields, 'hullNo', 'life', 'cargo')))))],
    ['vesselCount', String(vessels.length)],
    ['cargo', sum(vessels, 'cargo')],
  );
}

function convoyOf(rows: Rows, convoy: Row): string {
  const end = (column: string): [string, string] => [
    column === 'leadNo' ? 'lead' : 'tail',
    one(matching(rows(VESSEL), hull, convoy, ['Fleet', column])[0], (vessel) => vesselOf(rows, vessel)),
  ];
  return object(
    pick(convoy, [
      ['id', 'id', quoted],
      ['cargo', 'cargo', plain],
    ]),
    end('leadNo'),
    end('tail No'),
  );
}

function manifestOf(row: Row): string {
  const words = row['Words'] ?? '';
  return object(
    pick(row, [
      ['title', 'Title', quoted],
      ['stamp', 'Stamp', plain],
    ]),
    ['loud', quoted(words.toUpperCase())],
    ['length', String(words.length)],
  );
}

/** Signals are down when rows are compared, but for those that outlast the comparison. */
const isUp = (row: Row): boolean => Date.parse(`${row['lowers At']?.replace(' ', 'T').replace(/\+00$/, 'Z')}`) > Date.now();

const each =
  (table: string, key: readonly string[], shape: (rows: Rows, row: Row) => string, has: (row: Row) => boolean = () => true) =>
  (rows: Rows) =>
    new Map(
      rows(table)
        .filter(has)
        .map((row) => [keyOf(row, key), shape(rows, row)]),
    );

const rollOf =
  (column: string, ...order: Parameters<typeof partitioned>[2][]) =>
  (rows: Rows) =>
    partitioned(
      rows(VESSEL).flatMap((row): Entry[] => (row[column] === null ? [] : [[row[column] ?? '', row]])),
      hull,
      ...order,
      ...byHull,
    );

/** The yard, as the oracle's comparison takes it. */
export const yard: World = {
  name: 'yard',
  ddl,
  own: {},
  documents: [
    document(vesselSheet, each(VESSEL, hull, vesselOf)),
    document(fleetBoard, each(FLEET, ['Code'], boardOf)),
    document(convoySheet, each(CONVOY, ['id'], convoyOf)),
    document(
      signalCard,
      each(
        SIGNAL,
        ['id'],
        (_, row) =>
          object(
            pick(row, [
              ['id', 'id', quoted],
              ['stamp', 'Stamp', plain],
              ['lowersAt', 'lowers At', moment(3, true)],
            ]),
          ),
        isUp,
      ),
    ),
    document(
      manifestCard,
      each(
        MANIFEST,
        ['Title'],
        (_, row) => manifestOf(row),
        (row) => row['Words'] !== poison,
      ),
    ),
  ],
  lists: [
    list(dockRoll, rollOf('dock', desc('Draft', byInteger))),
    list(fleetRoll, rollOf('Fleet', asc('Draft', byInteger), desc('hullNo', byInteger))),
  ],
};
