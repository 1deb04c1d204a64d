import { average, greatest, least, sum } from '../folding.ts';
import { address, arrayOf, float, moment, plain, quoted } from '../json-forms.ts';
import { array, type Fields, matching, object, one, only, pick, type Row, type Rows, value } from '../naive.ts';
import { asc, byBytes, byInteger, byNumber, byTime, byTruth, desc, type Entry, partitioned, sorted } from '../sorting.ts';
import { document, list, type World } from '../world.ts';
import {
  markedSpecimens,
  placeDocument,
  placesByCode,
  specimenDocument,
  specimens,
  specimensByMark,
  specimensByPlace,
} from './census-models.ts';
import { censusDdl } from './census-schema.ts';

const [PLACE, SPECIMEN, MEASURE] = ['public.place', 'public.specimen', 'public.measure'];

const placeFields: Fields = [
  ['id', 'id', plain],
  ['code', 'code', quoted],
  ['area', 'area', float],
];
const specimenFields: Fields = [
  ['id', 'id', quoted],
  ['placeId', 'place_id', plain],
  ['placeCode', 'place_code', quoted],
  ['small', 'small', plain],
  ['whole', 'whole', plain],
  ['big', 'big', plain],
  ['huge', 'huge', quoted],
  ['exact', 'exact', quoted],
  ['cents', 'cents', quoted],
  ['rate', 'rate', float],
  ['amount', 'amount', quoted],
  ['single', 'single', float],
  ['double', 'double', float],
  ['words', 'words', quoted],
  ['short', 'short', quoted],
  ['fixed', 'fixed', (text) => quoted(text.padEnd(3))],
  ['truth', 'truth', plain],
  ['localDate', 'local_date', moment(3, false)],
  ['localText', 'local_text', moment(6, false)],
  ['zonedDate', 'zoned_date', moment(3, true)],
  ['zonedText', 'zoned_text', moment(6, true)],
  ['dayText', 'day_text', quoted],
  ['dayDate', 'day_date', quoted],
  ['clock', 'clock', quoted],
  ['clockZone', 'clock_zone', quoted],
  ['span', 'span', quoted],
  ['doc', 'doc', plain],
  ['docb', 'docb', plain],
  ['mark', 'mark', quoted],
  ['host', 'host', address],
  ['net', 'net', quoted],
  ['mac', 'mac', quoted],
  ['feeling', 'feeling', quoted],
  ['numbers', 'numbers', arrayOf(plain)],
  ['bigs', 'bigs', arrayOf(plain)],
  ['texts', 'texts', arrayOf(quoted)],
  ['truths', 'truths', arrayOf((text) => String(text === 't'))],
  ['marks', 'marks', arrayOf(quoted)],
  ['doubles', 'doubles', arrayOf(float)],
  ['feelings', 'feelings', arrayOf(quoted)],
];
const measureFields: Fields = [
  ['seq', 'seq', plain],
  ['reading', 'reading', quoted],
  ['at', 'at', moment(3, false)],
  ['note', 'note', quoted],
];

const byKey = [asc('seq', byInteger), asc('specimen', byInteger)];
const measuresOf = (rows: Rows, specimen: Row) => sorted(matching(rows(MEASURE), ['specimen'], specimen, ['id']), ...byKey);
const isShown = ({ small }: Row): boolean => small !== '-32768';

function specimenExpected(rows: Rows): Map<string, string> {
  const expected = (row: Row): string => {
    const measures = measuresOf(rows, row);
    const recent = measures.filter(({ at }) => at != null && byTime(at, '2000-01-01 00:00:00') > 0);
    const noted = measures.filter(({ reading, seq }) => reading !== null && Number(seq) >= -1 && Number(seq) <= 5);
    return object(
      pick(row, specimenFields),
      ['shouted', value(row['words'], (text) => quoted(`${text}!'`))],
      ['twice', value(row['small'], (text) => String(-2n * BigInt(text)))],
      ['place', one(matching(rows(PLACE), ['id'], row, ['place_id'])[0], (place) => object(pick(place, placeFields)))],
      [
        'placeByCode',
        one(matching(rows(PLACE), ['code'], row, ['place_code'])[0], (place) => object(pick(place, only(placeFields, 'id')))),
      ],
      [
        'measures',
        array(
          sorted(measures, desc('at', byTime), ...byKey)
            .slice(0, 4)
            .map((measure) => object(pick(measure, measureFields))),
        ),
      ],
      ['measureCount', String(measures.filter(({ note }) => note === null || !note?.includes('\\')).length)],
      ['total', sum(recent, 'reading', quoted)],
      ['mean', average(measures, 'reading')],
      ['first', least(measures, 'at', byTime, moment(3, false))],
      ['lowest', least(measures, 'reading', byNumber, quoted)],
      ['highest', greatest(measures, 'reading', byNumber, quoted)],
      ['lastNote', greatest(noted, 'note', byBytes, quoted)],
    );
  };
  return new Map(
    rows(SPECIMEN)
      .filter(isShown)
      .map((row) => [row['id']!, expected(row)]),
  );
}

function placeExpected(rows: Rows): Map<string, string> {
  const byId = asc('id', byInteger);
  const specimen = (row: Row): string =>
    object(
      pick(row, only(specimenFields, 'id', 'dayDate')),
      [
        'placeByCode',
        one(matching(rows(PLACE), ['code'], row, ['place_code'])[0], (place) => object(pick(place, only(placeFields, 'area')))),
      ],
      ['measures', array(measuresOf(rows, row).map((measure) => object(pick(measure, only(measureFields, 'note')))))],
    );
  const expected = (place: Row): string => {
    const all = sorted(matching(rows(SPECIMEN), ['place_id'], place, ['id']), byId);
    const shown = all.filter(({ texts, truth }) => truth === 'true' || /[{,](a|"say \\"hi\\"")[,}]/.test(texts ?? ''));
    const coded = sorted(matching(rows(SPECIMEN), ['place_code'], place, ['code']), desc('double', byNumber), byId);
    return object(
      pick(place, placeFields),
      ['specimens', array(shown.map(specimen))],
      ['coded', array(coded.map((row) => object(pick(row, only(specimenFields, 'id', 'huge')))))],
      ['specimenCount', String(all.length)],
      ['small', average(all, 'small')],
      ['whole', sum(all, 'whole')],
      ['big', sum(all, 'big')],
      ['huge', sum(all, 'huge', quoted)],
      ['cents', sum(all, 'cents', quoted)],
      ['rate', sum(all, 'rate', float)],
      ['amount', greatest(all, 'amount', byInteger, quoted)],
      ['dayText', least(all, 'day_text', byTime, quoted)],
      ['zoned', greatest(all, 'zoned_text', byTime, moment(6, true))],
      ['local', least(all, 'local_date', byTime, moment(3, false))],
      ['clock', greatest(all, 'clock', byBytes, quoted)],
      ['meanCode', average(coded, 'huge')],
    );
  };
  return new Map(rows(PLACE).map((place) => [place['id']!, expected(place)]));
}

const entriesOf = (rows: readonly Row[], column: string): Entry[] =>
  rows.flatMap((row): Entry[] => (row[column] == null ? [] : [[row[column], row]]));
const shown = (rows: Rows) => rows(SPECIMEN).filter(isShown);
const whole = (rows: readonly Row[]) => rows.map((row): Entry => ['', row]);

/** The third world. */
export const censusWorld: World = {
  name: 'census',
  ddl: censusDdl,
  documents: [document(specimenDocument, specimenExpected), document(placeDocument, placeExpected)],
  lists: [
    list(specimens, (rows) =>
      partitioned(whole(shown(rows)), ['id'], desc('huge', byInteger), asc('truth', byTruth), asc('id', byInteger)),
    ),
    list(specimensByPlace, (rows) =>
      partitioned(entriesOf(shown(rows), 'place_id'), ['id'], asc('local_text', byTime), desc('small', byInteger), asc('id', byInteger)),
    ),
    list(specimensByMark, (rows) =>
      partitioned(entriesOf(shown(rows), 'mark'), ['id'], { column: 'day_date', by: byTime, descending: true }, asc('id', byInteger)),
    ),
    list(placesByCode, (rows) => partitioned(entriesOf(rows(PLACE), 'code'), ['id'])),
    list(markedSpecimens, (rows) =>
      partitioned(
        whole(shown(rows).filter(({ mark }) => mark !== null)),
        ['id'],
        desc('mark', byBytes),
        asc('zoned_date', byTime),
        asc('id', byInteger),
      ),
    ),
  ],
  own: {
    [`${PLACE}.id`]: ['1', '2', '-2147483648'],
    [`${SPECIMEN}.place_id`]: ['1', '1', '2', '3000000000', '-2147483648'],
    [`${SPECIMEN}.id`]: ['1', '2', '3', '4', '5', '6', '-9223372036854775808'],
    [`${MEASURE}.specimen`]: ['1', '2', '3', '-9223372036854775808'],
    // Summed as numbers, which hold no more than 2^53: what goes beyond is set apart, and no document to compare.
    'public.specimen.big': ['1', '2', '0', '-7', '3000000000', '900719925474099', '-900719925474099'],
    'public.specimen.huge': ['9223372036854775807', '-9223372036854775808', '0', '-1', '1', '9007199254740993'],
    'public.specimen.amount': ['0', '123456789012345678901234567890', '-7'],
    'public.specimen.place_code': ['a', 'b', 'A', '', "it's", 'nowhere'],
    'public.specimen.day_date': ['2024-02-29', '0044-03-15 BC', '0001-01-01', '1969-12-31', '1970-01-02', 'infinity', '-infinity'],
    'public.specimen.clock': ['00:00:00', '23:59:59.999999', '12:30:00.5', '12:30:00', '24:00:00'],
  },
};
