import type { Database } from '#contracts/database.ts';
import { projectionTable } from '#contracts/names.ts';

/** How many partitions one step folds. */
const chunk = 1000;

/**
 * Replaces what writers appended to the counts of partitions by one row for each, its sum, in one statement: every snapshot has
 * either all of them or the sum. Writers are not waited for and do not wait. Returns how many partitions were folded.
 */
export async function foldCounts(db: Database): Promise<number> {
  const { rowCount } = await db.query(
    `with due as (select distinct generation, partition from everwarm.list_counts where not folded limit ${chunk}),
gone as (
  delete from everwarm.list_counts c using due d where c.generation = d.generation and c.partition = d.partition
  returning c.generation, c.partition, c.n
)
insert into everwarm.list_counts (generation, partition, n, folded) select generation, partition, sum(n), true from gone group by 1, 2 having sum(n) <> 0`,
  );
  return rowCount ?? 0;
}

/**
 * Makes the counts of a list what its entries are, without a lock: one snapshot says what is missing, and that is appended. Every
 * transaction before or after changes entries and count alike.
 */
export async function recount(db: Database, generation: number): Promise<void> {
  await db.query(
    `insert into everwarm.list_counts (generation, partition, n)
select $1, partition, sum(n) from (
  select partition, count(*) as n from everwarm.${projectionTable(generation)} where member is not null group by partition
  union all select partition, -sum(n) from everwarm.list_counts where generation = $1 group by partition
) d group by partition having sum(n) <> 0`,
    [generation],
  );
}
