import { publishInput } from '@everwarm/blog';
import { z } from 'zod';

/** The id of a row as a path gives it. */
const pathId = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, 'must be a positive whole number')
  .transform(Number)
  .pipe(publishInput.shape.postId);

/** The path of what has an id. */
export const byId = z.object({ id: pathId });

/** The path of one member's vote on what has an id. */
export const byIdAndUser = z.object({ id: pathId, userId: pathId });

/** What answers of commands that write to Postgres say besides: see `tellToken`. */
const headers = {
  'everwarm-token': { type: 'string', description: 'Send it back as Everwarm-After: what is read then shows what this command wrote' },
};

/** Answers of commands: what was made is read from the read models, so only its id comes back. */
export const created = { 201: z.object({ id: z.int() }).meta({ description: 'Made; Location says where it is read', headers }) };

/** Answers of commands that leave nothing to say. */
export const done = { 204: z.null().meta({ description: 'Done', headers }) };

/** The same where nothing was written that a token could name. */
export const counted = { 204: z.null().describe('Done') };
