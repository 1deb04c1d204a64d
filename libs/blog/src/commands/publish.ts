import { and, asc, eq, inArray, lte, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { BlogError } from '../errors.ts';
import { posts } from '../schema/posts.ts';
import { id, moment, type Origin, parseInput } from './input.ts';

/** What {@link publish} takes. */
export const publishInput = z.strictObject({ postId: id });
/** What {@link schedule} takes. */
export const scheduleInput = z.strictObject({ postId: id, scheduledFor: moment });
/** What {@link publishDue} takes. */
export const publishDueInput = z.strictObject({ limit: z.int().min(1).max(10_000).optional() });

/** Shows a draft or scheduled post to readers from now on and returns the row; `conflict` if it is published already. */
export async function publish(db: BlogDatabase, input: z.input<typeof publishInput>, origin: Pick<Origin, 'at'> = {}) {
  const { postId } = parseInput(publishInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .update(posts)
      .set({ status: 'published', publishedAt: origin.at ?? new Date(), scheduledFor: null })
      .where(and(eq(posts.id, postId), ne(posts.status, 'published')))
      .returning();
    return row ?? refuse(tx, postId);
  });
}

/** Sets (or moves) the moment at which {@link publishDue} will publish a post, and returns the row; `conflict` if it is published. */
export async function schedule(db: BlogDatabase, input: z.input<typeof scheduleInput>) {
  const { postId, scheduledFor } = parseInput(scheduleInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .update(posts)
      .set({ status: 'scheduled', scheduledFor: new Date(scheduledFor) })
      .where(and(eq(posts.id, postId), ne(posts.status, 'published')))
      .returning();
    return row ?? refuse(tx, postId);
  });
}

/**
 * Publishes scheduled posts whose time has come, the longest overdue first, dated by their schedule. Returns their ids.
 * Callers may overlap: each skips what another is publishing.
 */
export async function publishDue(db: BlogDatabase, input: z.input<typeof publishDueInput> = {}, origin: Pick<Origin, 'at'> = {}) {
  const { limit = 1000 } = parseInput(publishDueInput, input);
  return inTransaction(db, async (tx) => {
    const due = tx
      .select({ id: posts.id })
      .from(posts)
      .where(and(eq(posts.status, 'scheduled'), lte(posts.scheduledFor, origin.at ?? new Date())))
      .orderBy(asc(posts.scheduledFor), asc(posts.id))
      .limit(limit)
      .for('update', { skipLocked: true });
    const rows = await tx
      .update(posts)
      .set({ status: 'published', publishedAt: sql`${posts.scheduledFor}`, scheduledFor: null })
      .where(inArray(posts.id, due))
      .returning({ id: posts.id });
    return { postIds: rows.map((row) => row.id).sort((a, b) => a - b) };
  });
}

async function refuse(tx: BlogDatabase, postId: number): Promise<never> {
  const [row] = await tx.select({ id: posts.id }).from(posts).where(eq(posts.id, postId));
  if (!row) throw new BlogError('not_found', `There is no post ${postId}.`);
  throw new BlogError('conflict', `Post ${postId} is published already.`);
}
