import { createDatabase } from '@everwarm/testkit';
import { drizzle } from 'drizzle-orm/node-postgres';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type BlogDatabase,
  comment,
  createCategory,
  createDraft,
  createTag,
  deleteComment,
  deletePost,
  deleteUser,
  editComment,
  editPost,
  inTransaction,
  migrateBlog,
  moderate,
  publish,
  publishDue,
  recategorise,
  register,
  rename,
  retag,
  retractCommentVote,
  retractPostVote,
  schedule,
  schema,
  voteComment,
  votePost,
} from '../index.ts';

const template = { key: 'blog', build: migrateBlog };
let db: BlogDatabase;
let ann: number;
let bob: number;
let news: number;
let red: number;
let blue: number;

beforeEach(async () => {
  const database = await createDatabase({ template });
  onTestFinished(() => database.drop());
  db = drizzle({ client: database.pool, schema });
  ann = (await register(db, { name: 'Ann' })).id;
  bob = (await register(db, { name: 'Bob' })).id;
  news = (await createCategory(db, { slug: 'news', name: 'News' })).id;
  red = (await createTag(db, { name: 'red' })).id;
  blue = (await createTag(db, { name: 'blue' })).id;
});

const draft = (title = 'Title') => createDraft(db, { authorId: ann, categoryId: news, title, body: 'Body', tagIds: [red] });
const published = async () => (await publish(db, { postId: (await draft()).id })).id;
const tagsOf = async (postId: number) => {
  const rows = await db.query.postTags.findMany({ where: (t, { eq }) => eq(t.postId, postId), orderBy: (t) => t.tagId });
  return rows.map((row) => row.tagId);
};

describe('posts', () => {
  test('a draft is published once', async () => {
    const { id, status } = await draft();
    expect(status).toBe('draft');
    expect(await publish(db, { postId: id })).toMatchObject({ status: 'published', publishedAt: expect.any(Date) });
    await expect(publish(db, { postId: id })).rejects.toMatchObject({ code: 'conflict', message: `Post ${id} is published already.` });
    await expect(publish(db, { postId: 999 })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a scheduled post is published when its time has come, dated by its schedule', async () => {
    const early = await draft('Early');
    const late = await draft('Late');
    await schedule(db, { postId: early.id, scheduledFor: '2030-01-01T00:00:00Z' });
    await schedule(db, { postId: late.id, scheduledFor: '2030-01-03T00:00:00+01:00' });
    expect(await publishDue(db)).toEqual({ postIds: [] });
    expect(await publishDue(db, {}, { at: new Date('2030-01-02T00:00:00Z') })).toEqual({ postIds: [early.id] });
    const row = await db.query.posts.findFirst({ where: (p, { eq }) => eq(p.id, early.id) });
    expect(row).toMatchObject({ status: 'published', publishedAt: new Date('2030-01-01T00:00:00Z'), scheduledFor: null });
    await expect(schedule(db, { postId: early.id, scheduledFor: '2031-01-01T00:00:00Z' })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('title and body change alone or together, and nothing at all is refused', async () => {
    const { id } = await draft();
    expect(await editPost(db, { postId: id, title: 'New' })).toMatchObject({ title: 'New', body: 'Body', editedAt: expect.any(Date) });
    expect(await editPost(db, { postId: id, body: 'Text' })).toMatchObject({ title: 'New', body: 'Text' });
    await expect(editPost(db, { postId: id })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('category and tags are replaced', async () => {
    const { id } = await draft();
    const other = await createCategory(db, { slug: 'old', name: 'Old' });
    expect(await recategorise(db, { postId: id, categoryId: other.id })).toMatchObject({ categoryId: other.id });
    await retag(db, { postId: id, tagIds: [blue, red, blue] });
    expect(await tagsOf(id)).toEqual([red, blue]);
    await retag(db, { postId: id, tagIds: [blue] });
    expect(await tagsOf(id)).toEqual([blue]);
    await retag(db, { postId: id, tagIds: [] });
    expect(await tagsOf(id)).toEqual([]);
  });

  test('what does not exist is named', async () => {
    const { id } = await draft();
    await expect(recategorise(db, { postId: id, categoryId: 77 })).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no category 77.',
    });
    await expect(retag(db, { postId: id, tagIds: [red, 78] })).rejects.toMatchObject({ code: 'not_found' });
    await expect(retag(db, { postId: 79, tagIds: [] })).rejects.toMatchObject({ code: 'not_found', message: 'There is no post 79.' });
    const orphan = { authorId: 80, categoryId: news, title: 'T', body: 'B' };
    await expect(createDraft(db, orphan)).rejects.toMatchObject({ code: 'not_found', message: 'There is no user 80.' });
    expect(await tagsOf(id)).toEqual([red]);
  });
});

describe('comments', () => {
  test('a comment waits for a moderator', async () => {
    const postId = await published();
    const { id, status } = await comment(db, { postId, authorId: bob, body: 'Hello' });
    expect(status).toBe('pending');
    expect(await moderate(db, { commentId: id, status: 'approved' })).toMatchObject({ status: 'approved' });
    expect(await editComment(db, { commentId: id, body: 'Bye' })).toMatchObject({
      body: 'Bye',
      status: 'approved',
      editedAt: expect.any(Date),
    });
  });

  test('a reply stays below its own post', async () => {
    const postId = await published();
    const parent = await comment(db, { postId, authorId: bob, body: 'Question' });
    const reply = await comment(db, { postId, authorId: ann, body: 'Answer', parentId: parent.id });
    expect(reply.parentId).toBe(parent.id);
    const elsewhere = { postId: await published(), authorId: ann, body: 'Lost', parentId: parent.id };
    await expect(comment(db, elsewhere)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`not on post ${elsewhere.postId}`),
    });
    await expect(comment(db, { ...elsewhere, parentId: 99 })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a draft takes no comments, and a comment has a longest length', async () => {
    const { id } = await draft();
    await expect(comment(db, { postId: id, authorId: bob, body: 'Hi' })).rejects.toMatchObject({ code: 'conflict' });
    const oversized = { postId: await published(), authorId: bob, body: 'x'.repeat(30_001) };
    await expect(comment(db, oversized)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(/^body: .*30000/) });
    await expect(comment(db, { ...oversized, body: ' \n' })).rejects.toMatchObject({ code: 'invalid', message: 'body: must not be blank' });
  });

  test('deleting a comment deletes its thread and the votes on it', async () => {
    const postId = await published();
    const top = await comment(db, { postId, authorId: bob, body: '1' });
    const reply = await comment(db, { postId, authorId: ann, body: '2', parentId: top.id });
    await comment(db, { postId, authorId: bob, body: '3', parentId: reply.id });
    await voteComment(db, { commentId: reply.id, userId: bob, value: 1 });
    await deleteComment(db, { commentId: top.id });
    expect(await db.$count(schema.comments)).toBe(0);
    expect(await db.$count(schema.commentVotes)).toBe(0);
  });
});

describe('votes', () => {
  test('a member has one vote, an anonymous voter any number', async () => {
    const postId = await published();
    await votePost(db, { postId, userId: bob, value: 1 });
    expect(await votePost(db, { postId, userId: bob, value: -1 })).toMatchObject({ value: -1 });
    await votePost(db, { postId, userId: null, value: 1 });
    await votePost(db, { postId, userId: null, value: 1 });
    expect(await db.$count(schema.postVotes)).toBe(3);
    await retractPostVote(db, { postId, userId: bob });
    await expect(retractPostVote(db, { postId, userId: bob })).rejects.toMatchObject({ code: 'not_found' });
    await expect(votePost(db, { postId: 90, userId: bob, value: 1 })).rejects.toMatchObject({ message: 'There is no post 90.' });
  });

  test('comments are voted on alike', async () => {
    const { id } = await comment(db, { postId: await published(), authorId: bob, body: 'Hi' });
    await voteComment(db, { commentId: id, userId: ann, value: 1 });
    expect(await voteComment(db, { commentId: id, userId: ann, value: -1 })).toMatchObject({ value: -1 });
    expect(await retractCommentVote(db, { commentId: id, userId: ann })).toMatchObject({ value: -1 });
  });
});

describe('members', () => {
  test('a member is renamed', async () => {
    expect(await rename(db, { userId: ann, name: 'Anna' })).toMatchObject({ name: 'Anna' });
    await expect(rename(db, { userId: ann, name: ' ' })).rejects.toMatchObject({ code: 'invalid', message: 'name: must not be blank' });
    await expect(rename(db, { userId: 55, name: 'Nobody' })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('deleting a member deletes what they wrote and what was said about it', async () => {
    const postId = await published();
    await comment(db, { postId, authorId: bob, body: 'On a post of Ann' });
    await votePost(db, { postId, userId: bob, value: 1 });
    await deleteUser(db, { userId: ann });
    for (const table of [schema.posts, schema.comments, schema.postVotes, schema.postTags]) expect(await db.$count(table)).toBe(0);
    expect(await db.$count(schema.users)).toBe(1);
  });

  test('deleting a post leaves its author', async () => {
    const postId = await published();
    await deletePost(db, { postId });
    await expect(deletePost(db, { postId })).rejects.toMatchObject({ code: 'not_found' });
    expect(await db.$count(schema.users)).toBe(2);
  });
});

describe('every command', () => {
  test('refuses labels that are taken or are not one word', async () => {
    await expect(createTag(db, { name: 'red' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('"red"') });
    await expect(createCategory(db, { slug: 'two words', name: 'Two' })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('joins a transaction it is given', async () => {
    const undone = inTransaction(db, async (tx) => {
      await rename(tx, { userId: ann, name: 'Undone' });
      await rename(tx, { userId: 55, name: 'Nobody' });
    });
    await expect(undone).rejects.toMatchObject({ code: 'not_found' });
    expect(await db.query.users.findFirst({ where: (u, { eq }) => eq(u.id, ann) })).toMatchObject({ name: 'Ann' });
  });
});
