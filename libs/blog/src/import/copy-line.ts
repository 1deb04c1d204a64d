import type { DumpField } from './dump-files.ts';
import type { DumpRow } from './xml-rows.ts';

/**
 * A row as a line of Postgres' COPY text format: the file's line number, then the fields in their order.
 * A value that is missing or not of its form gives the reason instead.
 */
export function copyLine(row: DumpRow, fields: readonly DumpField[]): { readonly copy: string } | { readonly reason: string } {
  const values = [String(row.line)];
  for (const field of fields) {
    const text = row.attributes[field.attribute];
    const value = text === undefined || (field.form === 'text' && !/\S/.test(text)) ? null : formed[field.form](text);
    if (value === undefined) return { reason: `${field.attribute} is ${JSON.stringify(text)}, which is not ${nouns[field.form]}` };
    if (value === null && field.required) return { reason: `${field.attribute} is missing${text === undefined ? '' : ' (blank)'}` };
    values.push(value ?? '\\N');
  }
  return { copy: `${values.join('\t')}\n` };
}

const nouns = { integer: 'a whole number', time: 'a time like 2011-08-17T20:18:56.507', text: 'a text' } as const;

/** Each gives the COPY text of a value, or undefined when it is not of the form. */
const formed: Record<DumpField['form'], (text: string) => string | undefined> = {
  integer: (text) => (/^-?\d{1,18}$/.test(text) ? text : undefined),
  time: (text) => {
    const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/.test(text) ? new Date(text.endsWith('Z') ? text : `${text}Z`) : null;
    // A day that does not exist, such as 30 February, rolls over instead of failing.
    return date && date.toJSON()?.slice(0, 10) === text.slice(0, 10) ? date.toISOString() : undefined;
  },
  text: (text) => text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character),
};

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
