import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { BlogError } from '../errors.ts';
import { commentVotes, postVotes } from '../schema/votes.ts';
import { id, type Origin, parseInput } from './input.ts';

const value = z.union([z.literal(1), z.literal(-1)]);
/** `null`: an anonymous vote, which nobody can change or retract. */
const userId = id.nullable();

/** What {@link votePost} takes. */
export const votePostInput = z.strictObject({ postId: id, userId, value });
/** What {@link voteComment} takes. */
export const voteCommentInput = z.strictObject({ commentId: id, userId, value });
/** What {@link retractPostVote} takes. */
export const retractPostVoteInput = z.strictObject({ postId: id, userId: id });
/** What {@link retractCommentVote} takes. */
export const retractCommentVoteInput = z.strictObject({ commentId: id, userId: id });

/** Votes on a post; a member who voted before changes their vote. Returns the row; `not_found` if post or user does not exist. */
export async function votePost(db: BlogDatabase, input: z.input<typeof votePostInput>, origin: Origin = {}) {
  const values = { ...parseInput(votePostInput, input), createdAt: origin.at ?? new Date(), externalId: origin.externalId };
  return inTransaction(db, async (tx) => {
    const insert = tx.insert(postVotes).values(values);
    const vote =
      values.userId === null ? insert : insert.onConflictDoUpdate({ target: [postVotes.postId, postVotes.userId], set: changed });
    const [row] = await vote.returning();
    return row!;
  });
}

/** Votes on a comment; as {@link votePost}. */
export async function voteComment(db: BlogDatabase, input: z.input<typeof voteCommentInput>, origin: Origin = {}) {
  const values = { ...parseInput(voteCommentInput, input), createdAt: origin.at ?? new Date(), externalId: origin.externalId };
  return inTransaction(db, async (tx) => {
    const insert = tx.insert(commentVotes).values(values);
    const vote =
      values.userId === null ? insert : insert.onConflictDoUpdate({ target: [commentVotes.commentId, commentVotes.userId], set: changed });
    const [row] = await vote.returning();
    return row!;
  });
}

/** Takes a member's vote on a post back and returns the row; `not_found` if they have none. */
export async function retractPostVote(db: BlogDatabase, input: z.input<typeof retractPostVoteInput>) {
  const { postId, userId } = parseInput(retractPostVoteInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .delete(postVotes)
      .where(and(eq(postVotes.postId, postId), eq(postVotes.userId, userId)))
      .returning();
    if (!row) throw new BlogError('not_found', `User ${userId} has no vote on post ${postId}.`);
    return row;
  });
}

/** Takes a member's vote on a comment back and returns the row; `not_found` if they have none. */
export async function retractCommentVote(db: BlogDatabase, input: z.input<typeof retractCommentVoteInput>) {
  const { commentId, userId } = parseInput(retractCommentVoteInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .delete(commentVotes)
      .where(and(eq(commentVotes.commentId, commentId), eq(commentVotes.userId, userId)))
      .returning();
    if (!row) throw new BlogError('not_found', `User ${userId} has no vote on comment ${commentId}.`);
    return row;
  });
}

const changed = { value: sql`excluded.value`, createdAt: sql`excluded.created_at` };
