import { and, eq, inArray } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { BlogError } from '../errors.ts';
import { limits } from '../limits.ts';
import { posts } from '../schema/posts.ts';
import { postTags } from '../schema/tags.ts';
import { id, type Origin, parseInput, visibleText } from './input.ts';

const title = visibleText(limits.title);
const body = visibleText(limits.body);
const tagIds = z.array(id).max(limits.tagsPerPost);

/** What {@link createDraft} takes. */
export const createDraftInput = z.strictObject({ authorId: id, categoryId: id, title, body, tagIds: tagIds.optional() });
/** What {@link editPost} takes: a new title, a new body, or both. */
export const editPostInput = z
  .strictObject({ postId: id, title: title.optional(), body: body.optional() })
  .refine((edit) => edit.title !== undefined || edit.body !== undefined, 'give a title, a body, or both');
/** What {@link recategorise} takes. */
export const recategoriseInput = z.strictObject({ postId: id, categoryId: id });
/** What {@link retag} takes: the whole new set of tags. */
export const retagInput = z.strictObject({ postId: id, tagIds });
/** What {@link deletePost} takes. */
export const deletePostInput = z.strictObject({ postId: id });

/** Writes a draft, which no reader sees, and returns the row; `not_found` if the author, the category or a tag does not exist. */
export async function createDraft(db: BlogDatabase, input: z.input<typeof createDraftInput>, origin: Origin = {}) {
  const { tagIds = [], ...values } = parseInput(createDraftInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .insert(posts)
      .values({ ...values, createdAt: origin.at ?? new Date(), externalId: origin.externalId })
      .returning();
    await attachTags(tx, row!.id, tagIds);
    return row!;
  });
}

/** Changes title, body or both, whatever the post's status, and returns the row; `not_found` if there is no such post. */
export async function editPost(db: BlogDatabase, input: z.input<typeof editPostInput>, origin: Pick<Origin, 'at'> = {}) {
  const { postId, ...values } = parseInput(editPostInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .update(posts)
      .set({ ...values, editedAt: origin.at ?? new Date() })
      .where(eq(posts.id, postId))
      .returning();
    return row ?? missingPost(postId);
  });
}

/** Moves a post to another category and returns the row; `not_found` if either does not exist. */
export async function recategorise(db: BlogDatabase, input: z.input<typeof recategoriseInput>) {
  const { postId, categoryId } = parseInput(recategoriseInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.update(posts).set({ categoryId }).where(eq(posts.id, postId)).returning();
    return row ?? missingPost(postId);
  });
}

/**
 * Gives a post exactly these tags: only the differences are written. Returns the ids in ascending order.
 * The post's row is locked meanwhile, so that two retags do not mix. `not_found` if the post or a tag does not exist.
 */
export async function retag(db: BlogDatabase, input: z.input<typeof retagInput>) {
  const { postId, tagIds } = parseInput(retagInput, input);
  return inTransaction(db, async (tx) => {
    const [post] = await tx.select({ id: posts.id }).from(posts).where(eq(posts.id, postId)).for('no key update');
    if (!post) missingPost(postId);
    const current = await tx.select({ tagId: postTags.tagId }).from(postTags).where(eq(postTags.postId, postId));
    const had = new Set(current.map((row) => row.tagId));
    const wanted = new Set(tagIds);
    await detachTags(
      tx,
      postId,
      [...had].filter((tagId) => !wanted.has(tagId)),
    );
    await attachTags(
      tx,
      postId,
      [...wanted].filter((tagId) => !had.has(tagId)),
    );
    return { postId, tagIds: [...wanted].sort((a, b) => a - b) };
  });
}

/** Deletes a post with its comments, votes and tags, and returns the row; `not_found` if there is no such post. */
export async function deletePost(db: BlogDatabase, input: z.input<typeof deletePostInput>) {
  const { postId } = parseInput(deletePostInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.delete(posts).where(eq(posts.id, postId)).returning();
    return row ?? missingPost(postId);
  });
}

async function attachTags(tx: BlogDatabase, postId: number, tagIds: readonly number[]): Promise<void> {
  if (tagIds.length === 0) return;
  await tx.insert(postTags).values([...new Set(tagIds)].map((tagId) => ({ postId, tagId })));
}

async function detachTags(tx: BlogDatabase, postId: number, tagIds: number[]): Promise<void> {
  if (tagIds.length === 0) return;
  await tx.delete(postTags).where(and(eq(postTags.postId, postId), inArray(postTags.tagId, tagIds)));
}

function missingPost(postId: number): never {
  throw new BlogError('not_found', `There is no post ${postId}.`);
}
