import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { BlogError } from '../errors.ts';
import { limits } from '../limits.ts';
import { users } from '../schema/users.ts';
import { id, type Origin, parseInput, visibleText } from './input.ts';

const name = visibleText(limits.name);

/** What {@link register} takes. */
export const registerInput = z.strictObject({ name });
/** What {@link rename} takes. */
export const renameInput = z.strictObject({ userId: id, name });
/** What {@link deleteUser} takes. */
export const deleteUserInput = z.strictObject({ userId: id });

/** Adds a member and returns the row. Names need not be unique. */
export async function register(db: BlogDatabase, input: z.input<typeof registerInput>, origin: Origin = {}) {
  const { name } = parseInput(registerInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .insert(users)
      .values({ name, createdAt: origin.at ?? new Date(), externalId: origin.externalId })
      .returning();
    return row!;
  });
}

/** Changes a member's name and returns the row; `not_found` if there is no such member. */
export async function rename(db: BlogDatabase, input: z.input<typeof renameInput>) {
  const { userId, name } = parseInput(renameInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.update(users).set({ name }).where(eq(users.id, userId)).returning();
    if (!row) throw new BlogError('not_found', `There is no user ${userId}.`);
    return row;
  });
}

/**
 * Deletes a member with everything they wrote: posts (and what others said and voted there), comments (and the replies below
 * them) and votes. The foreign keys cascade, so that no statement order can leave a rest behind. `not_found` if there is none.
 */
export async function deleteUser(db: BlogDatabase, input: z.input<typeof deleteUserInput>) {
  const { userId } = parseInput(deleteUserInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.delete(users).where(eq(users.id, userId)).returning();
    if (!row) throw new BlogError('not_found', `There is no user ${userId}.`);
    return row;
  });
}
