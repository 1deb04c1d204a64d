import { eq } from 'drizzle-orm';
import { createCategory, createTag } from '../commands/labels.ts';
import type { BlogDatabase } from '../database.ts';
import { BlogError } from '../errors.ts';
import { categories } from '../schema/categories.ts';
import { comments } from '../schema/comments.ts';
import { posts } from '../schema/posts.ts';
import { tags } from '../schema/tags.ts';
import { users } from '../schema/users.ts';

/** Enough for what is being talked about at one time; what was forgotten is looked up again. */
const REMEMBERED = 20_000;

const imported = { user: users, post: posts, comment: comments } as const;

/** The blog's ids of imported rows and of labels, remembered up to a bound. */
export type KnownIds = {
  /** The id of an imported row; throws BlogError `not_found` when it was never written or has been deleted since. */
  find(tx: BlogDatabase, kind: keyof typeof imported, externalId: string): Promise<number>;
  /** The id of a tag, created when it is first needed. */
  tag(tx: BlogDatabase, name: string): Promise<number>;
  /** The id of the category of a tag's name, created when it is first needed. */
  category(tx: BlogDatabase, slug: string, at: Date): Promise<number>;
  /** Forgets everything. Required after a rollback: what it remembers may never have been. */
  forget(): void;
};

/** Creates a memory that knows nothing yet. */
export function createKnownIds(): KnownIds {
  const ids = new Map<string, number>();
  const remember = async (key: string, find: () => Promise<number>): Promise<number> => {
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = await find();
    if (ids.size >= REMEMBERED) ids.delete(ids.keys().next().value ?? '');
    ids.set(key, id);
    return id;
  };
  return {
    find: (tx, kind, externalId) =>
      remember(externalId, async () => {
        const table = imported[kind];
        const [row] = await tx.select({ id: table.id }).from(table).where(eq(table.externalId, externalId));
        if (!row) throw new BlogError('not_found', `There is no ${kind} ${externalId}.`);
        return row.id;
      }),
    tag: (tx, name) =>
      remember(`tag ${name}`, async () => {
        const [row] = await tx.select({ id: tags.id }).from(tags).where(eq(tags.name, name));
        return row?.id ?? (await createTag(tx, { name })).id;
      }),
    category: (tx, slug, at) =>
      remember(`category ${slug}`, async () => {
        const [row] = await tx.select({ id: categories.id }).from(categories).where(eq(categories.slug, slug));
        return row?.id ?? (await createCategory(tx, { slug, name: slug }, { at })).id;
      }),
    forget: () => ids.clear(),
  };
}
