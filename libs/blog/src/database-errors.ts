import { DrizzleQueryError } from 'drizzle-orm/errors';
import pg from 'pg';
import { BlogError } from './errors.ts';

const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';

const foreignKeys: Record<string, string> = {
  posts_author_id_users_id_fk: 'user',
  posts_category_id_categories_id_fk: 'category',
  post_tags_post_id_posts_id_fk: 'post',
  post_tags_tag_id_tags_id_fk: 'tag',
  comments_post_id_posts_id_fk: 'post',
  comments_author_id_users_id_fk: 'user',
  comments_parent_id_comments_id_fk: 'comment',
  comment_votes_comment_id_comments_id_fk: 'comment',
  comment_votes_user_id_users_id_fk: 'user',
  post_votes_post_id_posts_id_fk: 'post',
  post_votes_user_id_users_id_fk: 'user',
};

/**
 * Says in the blog's words what a Postgres error means: a foreign key that points nowhere is `not_found`, a taken unique value
 * is `conflict`. Any other error is returned as it is. Commands rely on the constraints instead of looking first, because
 * what was looked at may be gone by the time of the write.
 */
export function explainDatabaseError(error: unknown): unknown {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof pg.DatabaseError)) return error;
  const value = /=\((.*?)\) /.exec(cause.detail ?? '')?.[1] ?? '?';
  if (cause.code === FOREIGN_KEY_VIOLATION) {
    const noun = foreignKeys[cause.constraint ?? ''] ?? 'row';
    return new BlogError('not_found', `There is no ${noun} ${value}.`, { cause });
  }
  if (cause.code === UNIQUE_VIOLATION) {
    return new BlogError('conflict', `${cause.table ?? 'The table'} already has "${value}" (${cause.constraint ?? 'unique'}).`, { cause });
  }
  return error;
}
