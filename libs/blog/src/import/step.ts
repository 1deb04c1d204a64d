import type pg from 'pg';
import type { Place } from './position.ts';

/** What a step does. */
export type StepKind =
  | 'register'
  | 'post'
  | 'answer'
  | 'comment'
  | 'title'
  | 'body'
  | 'answer-body'
  | 'tags'
  | 'vote'
  | 'answer-vote'
  | 'tag';

/** One write of the history. Ids are the dump's; which of the others are set depends on the kind. */
export type Step = Place & {
  readonly kind: StepKind;
  /** The post or answer that is answered, commented, edited or voted on. */
  readonly target: string | null;
  /** The answer that a comment replies to. */
  readonly parent: string | null;
  readonly author: string | null;
  readonly title: string | null;
  readonly text: string | null;
  readonly tags: string[] | null;
  readonly value: 1 | -1 | null;
};

/** The steps after `place`, in order, at most `limit`. By keyset: no snapshot stays open while they are written. */
export async function stepsAfter(client: pg.Client, place: Place | null, limit: number): Promise<Step[]> {
  const { rows } = await client.query<Step>({
    name: 'steps_after',
    text: `select at, rank, id, kind, target, parent, author, title, text, tags, value from blog_import.steps
      where (at, rank, id) > (coalesce($1::timestamptz, '-infinity'), $2::smallint, $3::bigint) order by at, rank, id limit $4`,
    values: [place?.at.toISOString() ?? null, place?.rank ?? 0, place?.id ?? '0', limit],
  });
  return rows;
}

/** How many steps come after `place`. */
export async function countAfter(client: pg.Client, place: Place | null): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from blog_import.steps where (at, rank, id) > (coalesce($1::timestamptz, '-infinity'), $2::smallint, $3::bigint)`,
    [place?.at.toISOString() ?? null, place?.rank ?? 0, place?.id ?? '0'],
  );
  return Number(rows[0]?.count);
}
