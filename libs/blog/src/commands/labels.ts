import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { limits } from '../limits.ts';
import { categories } from '../schema/categories.ts';
import { tags } from '../schema/tags.ts';
import { label, type Origin, parseInput, visibleText } from './input.ts';

/** What {@link createCategory} takes. */
export const createCategoryInput = z.strictObject({ slug: label(limits.slug), name: visibleText(limits.name) });
/** What {@link createTag} takes. */
export const createTagInput = z.strictObject({ name: label(limits.tag) });

/** Adds a category and returns the row; `conflict` if the slug is taken. */
export async function createCategory(db: BlogDatabase, input: z.input<typeof createCategoryInput>, origin: Pick<Origin, 'at'> = {}) {
  const values = parseInput(createCategoryInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx
      .insert(categories)
      .values({ ...values, createdAt: origin.at ?? new Date() })
      .returning();
    return row!;
  });
}

/** Adds a tag and returns the row; `conflict` if the name is taken. */
export async function createTag(db: BlogDatabase, input: z.input<typeof createTagInput>) {
  const values = parseInput(createTagInput, input);
  return inTransaction(db, async (tx) => {
    const [row] = await tx.insert(tags).values(values).returning();
    return row!;
  });
}
