import { eq } from 'drizzle-orm';
import { comment, editComment } from '../commands/comments.ts';
import { publish } from '../commands/publish.ts';
import { register } from '../commands/users.ts';
import { voteComment, votePost } from '../commands/votes.ts';
import { createDraft, editPost, recategorise, retag } from '../commands/write-post.ts';
import type { BlogDatabase } from '../database.ts';
import { posts } from '../schema/posts.ts';
import type { KnownIds } from './known-ids.ts';
import type { Step, StepKind } from './step.ts';

/** The category of a post without tags. */
export const UNCATEGORISED = 'uncategorised';

/** What steps of one source share: its name, which begins every external id, and the ids known so far. */
export type Replaying = { readonly source: string; readonly ids: KnownIds };

/**
 * Writes one step through the blog's commands, in the caller's transaction. Throws BlogError when the blog refuses it, as when
 * somebody deleted its post in the meantime; the caller must then roll back and `ids.forget()`.
 */
export async function applyStep(tx: BlogDatabase, step: Step, replaying: Replaying): Promise<void> {
  await writers[step.kind](tx, step, replaying);
}

type Writer = (tx: BlogDatabase, step: Step, replaying: Replaying) => Promise<unknown>;

const writers: Record<StepKind, Writer> = {
  register: (tx, step, { source }) => register(tx, { name: step.text ?? '' }, { externalId: `${source}/user/${step.id}`, at: step.at }),
  post: writePost,
  answer: writeComment,
  comment: writeComment,
  title: async (tx, step, world) => editPost(tx, { postId: await postOf(tx, step, world), title: step.text ?? '' }, step),
  body: async (tx, step, world) => editPost(tx, { postId: await postOf(tx, step, world), body: step.text ?? '' }, step),
  'answer-body': async (tx, step, world) =>
    editComment(tx, { commentId: await answer(tx, step.target, world), body: step.text ?? '' }, step),
  tags: changeTags,
  vote: async (tx, step, world) =>
    votePost(tx, { postId: await postOf(tx, step, world), userId: null, value: step.value ?? 1 }, voteOrigin(step, world)),
  'answer-vote': async (tx, step, world) =>
    voteComment(tx, { commentId: await answer(tx, step.target, world), userId: null, value: step.value ?? 1 }, voteOrigin(step, world)),
  tag: (tx, step, { ids }) => ids.tag(tx, step.text ?? ''),
};

async function writePost(tx: BlogDatabase, step: Step, { source, ids }: Replaying): Promise<void> {
  const authorId = await ids.find(tx, 'user', `${source}/user/${step.author}`);
  const categoryId = await ids.category(tx, step.tags?.[0] ?? UNCATEGORISED, step.at);
  const input = { authorId, categoryId, title: step.title ?? '', body: step.text ?? '', tagIds: await tagIds(tx, step, ids) };
  const { id } = await createDraft(tx, input, { externalId: `${source}/post/${step.id}`, at: step.at });
  await publish(tx, { postId: id }, step);
}

async function writeComment(tx: BlogDatabase, step: Step, world: Replaying): Promise<void> {
  const { source, ids } = world;
  const authorId = await ids.find(tx, 'user', `${source}/user/${step.author}`);
  const parentId = step.parent === null ? null : await answer(tx, step.parent, world);
  const externalId = `${source}/${step.kind === 'answer' ? 'post' : 'comment'}/${step.id}`;
  const input = { postId: await postOf(tx, step, world), authorId, parentId, body: step.text ?? '' };
  await comment(tx, input, { externalId, at: step.at, status: 'approved' });
}

async function changeTags(tx: BlogDatabase, step: Step, world: Replaying): Promise<void> {
  const postId = await postOf(tx, step, world);
  await retag(tx, { postId, tagIds: await tagIds(tx, step, world.ids) });
  const categoryId = await world.ids.category(tx, step.tags?.[0] ?? UNCATEGORISED, step.at);
  const [post] = await tx.select({ categoryId: posts.categoryId }).from(posts).where(eq(posts.id, postId));
  if (post?.categoryId !== categoryId) await recategorise(tx, { postId, categoryId });
}

async function tagIds(tx: BlogDatabase, step: Step, ids: KnownIds): Promise<number[]> {
  const found: number[] = [];
  for (const tag of step.tags ?? []) found.push(await ids.tag(tx, tag));
  return found;
}

const postOf = (tx: BlogDatabase, step: Step, { source, ids }: Replaying): Promise<number> =>
  ids.find(tx, 'post', `${source}/post/${step.target}`);

/** An answer keeps its id as a post of the dump, though it became a comment here. */
const answer = (tx: BlogDatabase, id: string | null, { source, ids }: Replaying): Promise<number> =>
  ids.find(tx, 'comment', `${source}/post/${id}`);

const voteOrigin = (step: Step, { source }: Replaying) => ({ externalId: `${source}/vote/${step.id}`, at: step.at });
