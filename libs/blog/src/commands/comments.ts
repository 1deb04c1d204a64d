import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { BlogError } from '../errors.ts';
import { limits } from '../limits.ts';
import { comments } from '../schema/comments.ts';
import { posts } from '../schema/posts.ts';
import { id, type Origin, parseInput, visibleText } from './input.ts';

const body = visibleText(limits.comment);
const status = z.enum(['pending', 'approved', 'spam']);

/** What {@link comment} takes; `parentId` makes it a reply. */
export const commentInput = z.strictObject({ postId: id, authorId: id, body, parentId: id.nullish() });
/** What {@link editComment} takes. */
export const editCommentInput = z.strictObject({ commentId: id, body });
/** What {@link moderate} takes. */
export const moderateInput = z.strictObject({ commentId: id, status });
/** What {@link deleteComment} takes. */
export const deleteCommentInput = z.strictObject({ commentId: id });

/** An imported comment was moderated where it came from. */
export type CommentOrigin = Origin & { readonly status?: z.output<typeof status> };

/**
 * Adds a comment to a published post, or a reply to another comment of the same post, and returns the row. It waits as
 * `pending` until {@link moderate} approves it. `not_found` if post, parent or author does not exist; `conflict` if the post
 * is not published; `invalid` if the parent stands below another post.
 */
export async function comment(db: BlogDatabase, input: z.input<typeof commentInput>, origin: CommentOrigin = {}) {
  const { parentId = null, ...values } = parseInput(commentInput, input);
  return inTransaction(db, async (tx) => {
    await requirePublished(tx, values.postId);
    if (parentId !== null) await requireParent(tx, parentId, values.postId);
    const [row] = await tx
      .insert(comments)
      .values({
        ...values,
        parentId,
        status: origin.status ?? 'pending',
        createdAt: origin.at ?? new Date(),
        externalId: origin.externalId,
      })
      .returning();
    return row!;
  });
}

/** Changes a comment's text and returns the row; it keeps its status. `not_found` if there is no such comment. */
export async function editComment(db: BlogDatabase, input: z.input<typeof editCommentInput>, origin: Pick<Origin, 'at'> = {}) {
  const { commentId, body } = parseInput(editCommentInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .update(comments)
      .set({ body, editedAt: origin.at ?? new Date() })
      .where(eq(comments.id, commentId))
      .returning();
    return row ?? missingComment(commentId);
  });
}

/** Approves a comment, calls it spam, or puts it back to pending, and returns the row; `not_found` if there is no such comment. */
export async function moderate(db: BlogDatabase, input: z.input<typeof moderateInput>) {
  const { commentId, status } = parseInput(moderateInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.update(comments).set({ status }).where(eq(comments.id, commentId)).returning();
    return row ?? missingComment(commentId);
  });
}

/** Deletes a comment with all replies below it, and returns the row; `not_found` if there is no such comment. */
export async function deleteComment(db: BlogDatabase, input: z.input<typeof deleteCommentInput>) {
  const { commentId } = parseInput(deleteCommentInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.delete(comments).where(eq(comments.id, commentId)).returning();
    return row ?? missingComment(commentId);
  });
}

async function requirePublished(tx: BlogDatabase, postId: number): Promise<void> {
  const [post] = await tx.select({ status: posts.status }).from(posts).where(eq(posts.id, postId));
  if (!post) throw new BlogError('not_found', `There is no post ${postId}.`);
  if (post.status !== 'published') throw new BlogError('conflict', `Post ${postId} is ${post.status}: only published posts take comments.`);
}

async function requireParent(tx: BlogDatabase, parentId: number, postId: number): Promise<void> {
  const [parent] = await tx.select({ postId: comments.postId }).from(comments).where(eq(comments.id, parentId));
  if (!parent) missingComment(parentId);
  if (parent.postId !== postId) {
    throw new BlogError('invalid', `parentId: comment ${parentId} is on post ${parent.postId}, not on post ${postId}.`);
  }
}

function missingComment(commentId: number): never {
  throw new BlogError('not_found', `There is no comment ${commentId}.`);
}
