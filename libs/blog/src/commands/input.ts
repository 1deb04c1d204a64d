import { z } from 'zod';
import { BlogError } from '../errors.ts';

/** Where a write came from, and when it happened there. Only for imports: the API never passes one. */
export type Origin = {
  /** Unique among the imported rows of its table. */
  readonly externalId?: string;
  /** The moment to record instead of now. */
  readonly at?: Date;
};

/** The id of any row of the blog. */
export const id = z.int().min(1).max(2_147_483_647);

/**
 * Text with at least one visible character and at most `max` characters; kept as it was written, never trimmed.
 * Characters are code points, as Postgres and JSON Schema count them; `max()` of zod counts UTF-16 units.
 */
export const visibleText = (max: number) =>
  z
    .string()
    .refine((text) => text.length <= max || Array.from(text).length <= max, `must have at most ${max} characters`)
    .regex(/\S/, 'must not be blank')
    .meta({ minLength: 1, maxLength: max });

/** A label (tag or slug): no blanks and none of the characters that delimit labels in addresses and dumps. */
export const label = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\s<>|,/?]+$/, 'must be one word without < > | , / ?');

/** A moment as ISO 8601 text with `Z` or an offset. */
export const moment = z.iso.datetime({ offset: true });

/**
 * Checks `input` against its schema. Commands do so even behind an API that did already: the schema is the command's contract.
 * Throws BlogError `invalid` naming every offending field.
 */
export function parseInput<S extends z.ZodType>(schema: S, input: z.input<S>): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw new BlogError('invalid', problems.join('; '));
}
