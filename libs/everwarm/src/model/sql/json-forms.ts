import type { Column } from 'drizzle-orm';
import { beyondNumbers } from '#contracts/failure.ts';
import { arrayForm } from './array-form.ts';
import { textLiteral } from './literal.ts';

/** How a value of a column type becomes JSON text: given the SQL of a non-null value, the SQL of its JSON as text. */
export type JsonForm = (value: string, column: Column) => string;

const asIs: JsonForm = (value) => `(${value})::text`;
const quoted: JsonForm = (value) => `to_json((${value})::text)::text`;
const json: JsonForm = (value) => `to_json(${value})::text`;

/**
 * ISO 8601 to the third or sixth digit. Years of four digits take the short way; beyond them to_char would drop `BC` and write
 * years that no `Date` reads, so they get a sign and six digits, as JavaScript's `toISOString` has it. `infinity` stays text.
 */
const time =
  (digits: 'MS' | 'US'): JsonForm =>
  (value, column) => {
    const zoned = Reflect.get(column, 'withTimezone') === true;
    const local = zoned ? `((${value}) at time zone 'UTC')` : `(${value})`;
    const rest = `-MM-DD"T"HH24:MI:SS.${digits}${zoned ? '"Z"' : ''}\\"`;
    const year = `(extract(year from ${local}) + case when extract(year from ${local}) < 0 then 1 else 0 end)`;
    return `case when ${value} >= '0001-01-01 00:00:00Z' and ${value} < '10000-01-01 00:00:00Z' then to_char(${local}, ${textLiteral(`\\"YYYY${rest}`)}) \
when isfinite(${value}) then '"' || to_char(${year}, case when ${year} = 0 then 'FM0000' else 'FMSG000000' end) || to_char(${local}, ${textLiteral(rest)}) \
else to_json((${value})::text)::text end`;
  };

const array = (parts: readonly string[]) => `'[' || ${parts.map((part) => `to_json(${part})::text`).join(` || ',' || `)} || ']'`;
const object = (parts: Readonly<Record<string, string>>) =>
  `${Object.entries(parts)
    .map(([name, part], index) => `'${index === 0 ? '{' : ','}"${name}":' || to_json(${part})::text`)
    .join(' || ')} || '}'`;
const ofPoint = (value: string, index: number) => `(${value})[${index}]`;
/** A line has no parts to ask for; its text is `{A,B,C}`. */
const ofLine = (value: string, index: number) => `split_part(btrim((${value})::text, '{}'), ',', ${index + 1})::float8`;

/**
 * All digits of what a JavaScript number holds exactly. Beyond that `JSON.parse` would round, so the cast fails instead, for this row
 * alone: the key is quarantined, with words made of this text.
 */
const safeInteger: JsonForm = (value) =>
  `case when abs(${value}) <= ${Number.MAX_SAFE_INTEGER} then (${value})::text else (((${value})::text || ' ${beyondNumbers}')::bigint)::text end`;

const forms: Readonly<Record<string, JsonForm>> = {
  PgSmallInt: asIs,
  PgSmallSerial: asIs,
  PgInteger: asIs,
  PgSerial: asIs,
  PgBigInt53: safeInteger,
  PgBigSerial53: safeInteger,
  PgBigInt64: quoted,
  PgBigSerial64: quoted,
  PgNumeric: quoted,
  PgNumericBigInt: quoted,
  PgNumericNumber: json,
  PgReal: json,
  PgDoublePrecision: json,
  PgText: json,
  PgVarchar: json,
  PgChar: json,
  PgEnumColumn: quoted,
  PgEnumObjectColumn: quoted,
  PgUUID: quoted,
  PgBoolean: asIs,
  PgJson: asIs,
  PgJsonb: asIs,
  PgDate: json,
  PgDateString: json,
  PgTimestamp: time('MS'),
  PgTimestampString: time('US'),
  PgTime: quoted,
  PgInterval: quoted,
  // Not its text by a cast, which adds /32 to a host.
  PgInet: json,
  PgCidr: quoted,
  PgMacaddr: quoted,
  PgMacaddr8: quoted,
  PgPointTuple: (value) => array([ofPoint(value, 0), ofPoint(value, 1)]),
  PgPointObject: (value) => object({ x: ofPoint(value, 0), y: ofPoint(value, 1) }),
  PgLine: (value) => array([ofLine(value, 0), ofLine(value, 1), ofLine(value, 2)]),
  PgLineABC: (value) => object({ a: ofLine(value, 0), b: ofLine(value, 1), c: ofLine(value, 2) }),
  // The text of these two already is a JSON array of numbers.
  PgVector: asIs,
  PgHalfVector: asIs,
  PgBinaryVector: quoted,
  PgSparseVector: quoted,
};

/** Element types whose form is what `array_to_json` makes of them; it also keeps nulls and the dimensions. */
const plainElements = new Set([
  'PgSmallInt',
  'PgInteger',
  'PgNumericNumber',
  'PgReal',
  'PgDoublePrecision',
  'PgText',
  'PgVarchar',
  'PgChar',
  'PgEnumColumn',
  'PgUUID',
  'PgBoolean',
  'PgJson',
  'PgJsonb',
  'PgDate',
  'PgDateString',
  'PgTime',
  'PgInterval',
  'PgInet',
]);

/** The form of a column's type, of arrays of any depth too; undefined for a type that has none. */
export function jsonFormOf(column: Column): JsonForm | undefined {
  if (column.columnType !== 'PgArray') return forms[column.columnType];
  let element: unknown = column;
  while (isColumn(element) && element.columnType === 'PgArray') element = Reflect.get(element, 'baseColumn');
  if (!isColumn(element)) return undefined;
  if (plainElements.has(element.columnType)) return json;
  const [form, of] = [forms[element.columnType], element];
  return form && ((value) => arrayForm(value, (item) => form(item, of)));
}

function isColumn(value: unknown): value is Column {
  return typeof value === 'object' && value !== null && 'columnType' in value;
}
