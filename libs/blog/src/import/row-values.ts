import type { DumpField } from './dump-files.ts';
import type { DumpRow } from './xml-rows.ts';

/**
 * The values of a row's fields, in their order, as the staging table takes them.
 * A value that is missing or not of its form gives the reason instead.
 */
export function rowValues(
  row: DumpRow,
  fields: readonly DumpField[],
): { readonly values: (string | null)[] } | { readonly reason: string } {
  const values: (string | null)[] = [];
  for (const field of fields) {
    const text = row.attributes[field.attribute];
    const value = text === undefined ? null : formed[field.form](text);
    if (value === undefined) return { reason: `${field.attribute} is ${JSON.stringify(text)}, which is not ${nouns[field.form]}` };
    if (value === null && field.required) return { reason: `${field.attribute} is ${text === undefined ? 'missing' : 'blank'}` };
    values.push(value);
  }
  return { values };
}

const nouns = { integer: 'a whole number', time: 'a time like 2011-08-17T20:18:56.507', text: 'a text' } as const;

/** Each gives the value as Postgres reads it, null for none, or undefined when it is not of the form. */
const formed: Record<DumpField['form'], (text: string) => string | null | undefined> = {
  integer: (text) => (/^-?\d{1,18}$/.test(text) ? text : undefined),
  time: (text) => {
    const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/.test(text) ? new Date(text.endsWith('Z') ? text : `${text}Z`) : null;
    // A day that does not exist, such as 30 February, rolls over instead of failing.
    return date && date.toJSON()?.slice(0, 10) === text.slice(0, 10) ? date.toISOString() : undefined;
  },
  text: (text) => (/\S/.test(text) ? text : null),
};
