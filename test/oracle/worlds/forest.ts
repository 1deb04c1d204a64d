import { average, greatest, least, sum } from '../folding.ts';
import { moment, plain, quoted } from '../json-forms.ts';
import { array, type Fields, keyOf, matching, object, one, only, pick, type Row, type Rows } from '../naive.ts';
import { asc, byBytes, byInteger, byNumber, byTime, byTruth, desc, type Entry, partitioned, sorted } from '../sorting.ts';
import { document, list, type World } from '../world.ts';
import {
  dayDocument,
  entriesByDay,
  entriesByNode,
  entryDocument,
  kindDocument,
  nodeDocument,
  nodesByKind,
  nodesByNeighbour,
  nodesByParent,
} from './forest-models.ts';
import { forestDdl } from './forest-schema.ts';

const [KIND, NODE, LINK, DAY, ENTRY] = ['woods.kind_note', 'public.node_item', 'public.node_link', 'woods.diary_day', 'woods.diary_entry'];

const kindFields: Fields = [
  ['kind', 'kind', quoted],
  ['note', 'note', quoted],
];
const created = moment(3, false);
const updated = moment(6, true);
const nodeFields: Fields = [
  ['id', 'id', plain],
  ['parentId', 'parent_id', plain],
  ['kind', 'kind', quoted],
  ['title', 'title', quoted],
  ['place', 'place', plain],
  ['isDone', 'is_done', plain],
  ['createdAt', 'created_at', created],
  ['updatedAt', 'updated_at', updated],
];
const dayFields: Fields = [
  ['day', 'day', quoted],
  ['weather', 'weather', quoted],
];
const entryFields: Fields = [
  ['day', 'day', quoted],
  ['seq', 'seq', plain],
  ['nodeId', 'node_id', plain],
  ['minutes', 'minutes', quoted],
  ['spent', 'spent', quoted],
  ['startsAt', 'starts_at', quoted],
];

const byId = asc('id', byInteger);
const nodeWith = (rows: Rows, row: Row, column: string) => matching(rows(NODE), ['id'], row, [column])[0];
const childrenOf = (rows: Rows, row: Row) => sorted(matching(rows(NODE), ['parent_id'], row, ['id']), byId);
const noteOf = (rows: Rows, row: Row) => matching(rows(KIND), ['kind'], row, ['kind'])[0];

function childShape(rows: Rows, row: Row): string {
  const all = childrenOf(rows, row);
  const done = sorted(
    all.filter((child) => child['is_done'] === 'true'),
    asc('created_at', byTime),
    byId,
  );
  return object(
    pick(row, only(nodeFields, 'id', 'title')),
    ['half', String(Math.trunc(Number(row['place']) / 2) || 0)],
    ['old', String(byTime(row['created_at']!, '1970-01-01 00:00:00') < 0)],
    ['children', array(done.map((child) => object(pick(child, only(nodeFields, 'title', 'place')))))],
    ['grandchildren', String(all.length)],
  );
}

const isShown = ({ title }: Row): boolean => title !== 'null';

function nodeExpected(rows: Rows): Map<string, string> {
  const expected = (node: Row): string => {
    const children = childrenOf(rows, node);
    const links = sorted(matching(rows(LINK), ['from_id'], node, ['id']), asc('to_id', byInteger));
    const neighbours = sorted(
      links.flatMap((link) => matching(rows(NODE), ['id'], link, ['to_id'])),
      byId,
    ).slice(0, 3);
    const backers = sorted(
      matching(rows(LINK), ['to_id'], node, ['id'])
        .filter(({ bond }) => bond !== null)
        .flatMap((link) => matching(rows(NODE), ['id'], link, ['from_id']))
        .filter(({ place }) => Number(place) >= -1),
      desc('updated_at', byTime),
      byId,
    );
    return object(
      pick(node, nodeFields),
      [
        'parent',
        one(nodeWith(rows, node, 'parent_id'), (parent) =>
          object(pick(parent, only(nodeFields, 'id', 'title')), [
            'parent',
            one(nodeWith(rows, parent, 'parent_id'), (grand) => object(pick(grand, only(nodeFields, 'title', 'updatedAt')))),
          ]),
        ),
      ],
      [
        'children',
        array(
          sorted(children, asc('place', byInteger), desc('id', byInteger))
            .slice(0, 5)
            .map((child) => childShape(rows, child)),
        ),
      ],
      ['note', one(noteOf(rows, node), (note) => object(pick(note, only(kindFields, 'note'))))],
      ['neighbours', array(neighbours.map((row) => object(pick(row, only(nodeFields, 'id', 'title')))))],
      [
        'backers',
        array(
          backers.map((row) =>
            object(pick(row, only(nodeFields, 'id')), ['note', one(noteOf(rows, row), (note) => object(pick(note, kindFields)))]),
          ),
        ),
      ],
      ['childCount', String(children.filter(({ kind }) => kind !== 'root').length)],
      ['meanPlace', average(children, 'place')],
      ['firstChild', least(children, 'created_at', byTime, created)],
      ['lastUpdate', greatest(children, 'updated_at', byTime, updated)],
      ['bonds', sum(links, 'bond', quoted)],
      ['weakest', least(links, 'bond', byNumber, quoted)],
    );
  };
  return new Map(
    rows(NODE)
      .filter(isShown)
      .map((node) => [node['id']!, expected(node)]),
  );
}

function dayExpected(rows: Rows): Map<string, string> {
  const entry = (row: Row): string =>
    object(pick(row, entryFields), [
      'node',
      one(nodeWith(rows, row, 'node_id'), (node) =>
        object(pick(node, only(nodeFields, 'title', 'kind')), [
          'parent',
          one(nodeWith(rows, node, 'parent_id'), (parent) => object(pick(parent, only(nodeFields, 'title')))),
        ]),
      ),
    ]);
  return new Map(
    rows(DAY).map((day) => {
      const entries = sorted(
        matching(rows(ENTRY), ['day'], day, ['day']),
        desc('minutes', byInteger),
        desc('starts_at', byBytes),
        asc('seq', byInteger),
      );
      return [
        day['day']!,
        object(
          pick(day, dayFields),
          ['entries', array(entries.map(entry))],
          ['minutes', sum(entries, 'minutes', quoted)],
          ['mean', average(entries, 'minutes')],
          ['earliest', least(entries, 'starts_at', byBytes, quoted)],
          ['lastSeq', greatest(entries, 'seq', byInteger, plain)],
        ),
      ];
    }),
  );
}

function entryExpected(rows: Rows): Map<string, string> {
  return new Map(
    rows(ENTRY).map((entry) => [
      keyOf(entry, ['day', 'seq']),
      object(
        pick(entry, only(entryFields, 'day', 'seq', 'spent')),
        ['inDay', one(matching(rows(DAY), ['day'], entry, ['day'])[0], (day) => object(pick(day, only(dayFields, 'weather'))))],
        [
          'node',
          one(nodeWith(rows, entry, 'node_id'), (node) =>
            object(pick(node, only(nodeFields, 'title')), ['note', one(noteOf(rows, node), (note) => object(pick(note, kindFields)))]),
          ),
        ],
      ),
    ]),
  );
}

function kindExpected(rows: Rows): Map<string, string> {
  const entries = (node: Row) => sorted(matching(rows(ENTRY), ['node_id'], node, ['id']), asc('day', byTime), asc('seq', byInteger));
  const node = (row: Row) =>
    object(pick(row, only(nodeFields, 'id', 'title')), [
      'entries',
      array(entries(row).map((entry) => object(pick(entry, only(entryFields, 'minutes'))))),
    ]);
  return new Map(
    rows(KIND).map((kind) => [
      kind['kind']!,
      object(pick(kind, kindFields), ['nodes', array(sorted(matching(rows(NODE), ['kind'], kind, ['kind']), byId).map(node))]),
    ]),
  );
}

const entriesOf = (rows: readonly Row[], column: string): Entry[] =>
  rows.flatMap((row): Entry[] => (row[column] == null ? [] : [[row[column], row]]));
const shown = (rows: Rows) => rows(NODE).filter(isShown);

const days = ['2024-02-29', '-infinity', '0044-03-15 BC', '12024-01-01'];

/** The second world. */
export const forestWorld: World = {
  name: 'forest',
  ddl: forestDdl,
  casing: 'snake_case',
  documents: [
    document(nodeDocument, nodeExpected),
    document(dayDocument, dayExpected),
    document(entryDocument, entryExpected),
    document(kindDocument, kindExpected),
  ],
  lists: [
    list(nodesByParent, (rows) => partitioned(entriesOf(shown(rows), 'parent_id'), ['id'], asc('place', byInteger), desc('id', byInteger))),
    list(nodesByKind, (rows) =>
      partitioned(
        entriesOf(shown(rows), 'kind').filter(([, { id }]) => BigInt(id!) > -5n),
        ['id'],
        desc('is_done', byTruth),
        asc('created_at', byTime),
        byId,
      ),
    ),
    list(nodesByNeighbour, (rows) => {
      const links = (node: Row) => matching(rows(LINK), ['to_id'], node, ['id']);
      return partitioned(
        shown(rows).flatMap((node) => links(node).map((link): Entry => [link['from_id']!, node])),
        ['id'],
        asc('updated_at', byTime),
        byId,
      );
    }),
    list(entriesByNode, (rows) =>
      partitioned(entriesOf(rows(ENTRY), 'node_id'), ['day', 'seq'], desc('day', byTime), asc('minutes', byInteger), asc('seq', byInteger)),
    ),
    list(entriesByDay, (rows) =>
      partitioned(entriesOf(rows(ENTRY), 'day'), ['day', 'seq'], desc('node_id', byInteger), asc('seq', byInteger)),
    ),
  ],
  // Few parents, so that each has more children than the limits show.
  own: {
    [`${NODE}.parent_id`]: ['1', '1', '2', '-1'],
    [`${LINK}.from_id`]: ['1', '2', '-1', '3', '4'],
    [`${LINK}.to_id`]: ['1', '2', '-1', '3', '4', '5'],
    [`${DAY}.day`]: days,
    [`${ENTRY}.day`]: days,
    [`${ENTRY}.node_id`]: ['1', '2', '3'],
  },
};
