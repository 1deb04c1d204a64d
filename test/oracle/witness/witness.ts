import { type Operators, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { EverwarmConfig, ReadModel } from 'everwarm';
import pg from 'pg';
import { agree, agreeFreely } from './agree.ts';
import { keyOf, type LeftOut, leaveOut, type PlainQuery, plainModel } from './plain-query.ts';

/** What the witness said so far. */
export type Testimony = { documents: number; values: number; readonly leftOut: LeftOut };

/**
 * Drizzle's own relational query as a witness: it is asked for the document of a key, and what it gives is held against a text.
 * It knows nothing of the engine nor of the expectation.
 */
export type Witness = {
  /** The places at which the document, null for none, is not what Drizzle gives for the key; null for a read model that is all beyond it. */
  readonly question: (model: ReadModel, key: readonly string[]) => Promise<((text: string | null) => string[]) | null>;
  readonly testimony: Testimony;
  readonly close: () => Promise<void>;
};

/** The settings of a session that nobody has changed: what the texts of values depend on. */
const options = '-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1';

/** Calls a witness who looks at the database by connections of its own. Read models are of one schema. */
export function callWitness(url: string, casing: EverwarmConfig['casing']): Witness {
  const pool = new pg.Pool({ connectionString: url, options, application_name: 'witness', max: 2 });
  pool.on('error', () => undefined);
  const testimony: Testimony = { documents: 0, values: 0, leftOut: new Map() };
  const asked = new Map<ReadModel, Asking | null>();
  return {
    testimony,
    close: () => pool.end(),
    question: async (model, key) => {
      const known = asked.get(model);
      const asking = known === undefined ? prepare(pool, casing, model, testimony.leftOut) : known;
      asked.set(model, asking);
      if (!asking) return null;
      let answer: Document | undefined;
      try {
        answer = await asking.ask(key);
      } catch (error) {
        // What it cannot take apart, it cannot speak about; the reason is counted beside what is left out.
        const { cause = error } = error as Error;
        leaveOut(testimony.leftOut, `documents on which Drizzle fails: ${cause instanceof Error ? cause.message.slice(0, 60) : 'unknown'}`);
        return () => [];
      }
      return (text) => {
        testimony.documents++;
        if (text === null || answer === undefined)
          return text === null && answer === undefined ? [] : [`Drizzle gives ${answer === undefined ? 'nothing' : 'a document'}`];
        return differing(testimony, asking.query, answer, JSON.parse(text) as Document, '', false);
      };
    },
  };
}

type Document = Readonly<Record<string, unknown>>;
type Asking = { readonly query: PlainQuery; readonly ask: (key: readonly string[]) => Promise<Document | undefined> };

function prepare(pool: pg.Pool, casing: EverwarmConfig['casing'], model: ReadModel, leftOut: LeftOut): Asking | null {
  const plain = plainModel(model, leftOut);
  if (!plain) return null;
  const { schema, root, query } = plain;
  const db = drizzle({ client: pool, schema, ...(casing && { casing }) });
  const { where } = query.config as { where?: (fields: object, operators: Operators) => SQL | undefined };
  const key = keyOf(query.table);
  return {
    query,
    ask: (texts) => {
      const ofKey = (fields: Readonly<Record<string, never>>, operators: Operators) =>
        operators.and(where?.(fields, operators), ...key.map((name, index) => sql`${fields[name]}::text = ${texts[index]}`));
      // The schema's types are not known here.
      const tables = db.query as unknown as Record<string, { findFirst: (config: object) => Promise<Document | undefined> } | undefined>;
      const table = tables[root];
      if (!table) throw new Error(`Drizzle has no table "${root}".`);
      return table.findFirst({ ...query.config, where: ofKey });
    },
  };
}

function differing(
  testimony: Testimony,
  { table, relations, missing }: PlainQuery,
  answer: Document,
  said: Document,
  path: string,
  nested: boolean,
): string[] {
  const found: string[] = [];
  for (const property of new Set([...Object.keys(said), ...Object.keys(answer)])) {
    if (missing.has(property)) continue;
    const [place, value, text] = [`${path}.${property}`, answer[property], said[property]];
    const inner = relations.get(property);
    if (inner) {
      found.push(...differingRows(testimony, inner, value, text, place));
      continue;
    }
    const column = table.columns[property];
    const agreed =
      !Object.hasOwn(said, property) || !Object.hasOwn(answer, property)
        ? false
        : column
          ? agree(column, value, text, nested)
          : agreeFreely(value, text);
    if (agreed === null) leaveOut(testimony.leftOut, `values of ${column?.columnType}`);
    else testimony.values++;
    if (agreed === false) found.push(`${place}: Drizzle gives ${shown(value)}, the document says ${JSON.stringify(text)}`);
  }
  return found;
}

function differingRows(testimony: Testimony, inner: PlainQuery, value: unknown, said: unknown, place: string): string[] {
  const [answers, rows] = [value, said].map((given) => (given === null ? [] : Array.isArray(given) ? given : [given])) as [
    Document[],
    Document[],
  ];
  if (answers.length !== rows.length) return [`${place}: Drizzle gives ${answers.length} rows, the document has ${rows.length}`];
  return rows.flatMap((row, index) => differing(testimony, inner, answers[index]!, row, `${place}[${index}]`, true));
}

const shown = (value: unknown): string => (typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value)));
