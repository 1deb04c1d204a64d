import { lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type BlogDatabase, inTransaction } from '../database.ts';
import { viewBatches } from '../schema/views.ts';
import { addWaitingView, dropViews, takeViews, type ViewStore } from '../views/waiting-views.ts';
import { id, parseInput } from './input.ts';

/** What {@link countView} takes. */
export const countViewInput = z.strictObject({ postId: id });

/**
 * Counts a view of a post. It waits in Redis until {@link addViews} brings it to Postgres; a view of what is not a published post is
 * dropped there. Costs one command of Redis and no connection to Postgres. Rejects as the client does when Redis does not answer.
 */
export async function countView(store: ViewStore, input: z.input<typeof countViewInput>): Promise<void> {
  await addWaitingView(store, parseInput(countViewInput, input).postId);
}

// #region add
/**
 * Adds the views that wait in Redis to the days of their posts, as one batch. Returns how many it added; null when none waited.
 * Any number of processes may do so at once, and any of them may die at any step: Postgres remembers the batch in the transaction
 * that adds it, so what is found in Redis again is dropped, not added.
 */
export async function addViews(store: ViewStore, db: BlogDatabase): Promise<number | null> {
  const batch = await takeViews(store);
  if (batch === null) return null;
  const added = await inTransaction(db, async (tx) => {
    const [first] = await tx.insert(viewBatches).values({ id: batch.id }).onConflictDoNothing().returning();
    if (!first) return 0;
    const { rows } = await tx.execute<{ count: number }>(addSql([...batch.views.keys()], [...batch.views.values()]));
    await tx.delete(viewBatches).where(lt(viewBatches.addedAt, sql`now() - interval '1 day'`));
    return rows.reduce((sum, { count }) => sum + count, 0);
  });
  await dropViews(store, batch);
  return added;
}
// #endregion

/** In the order of posts, so that whoever else writes these rows waits and does not deadlock. Returns what each post got. */
const addSql = (postIds: readonly number[], counts: readonly number[]) => sql`
with added as (
  select p.id, v.count, (now() at time zone 'UTC')::date as day
  from unnest(${sql.param(postIds)}::integer[], ${sql.param(counts)}::integer[]) v (post_id, count)
  join posts p on p.id = v.post_id where p.status = 'published'
), written as (
  insert into post_views (post_id, day, count) select id, day, count from added order by id
  on conflict (post_id, day) do update set count = post_views.count + excluded.count
)
select count from added`;
