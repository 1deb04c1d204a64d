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

/** Answers of commands: what was made is read from the read models, so only its id comes back. */
export const created = { 201: z.object({ id: z.int() }).describe('Made; Location says where it is read') };

/** Answers of commands that leave nothing to say. */
export const done = { 204: z.null().describe('Done') };
