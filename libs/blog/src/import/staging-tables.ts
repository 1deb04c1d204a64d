/**
 * The schema `blog_import`, apart from the blog's own tables. `sources` is the import's memory: how far which dump has been
 * written, moved in the same transaction as each write. All else is unlogged and made again from the dump when it is lost.
 *
 * `steps` is the whole history in the order in which it is written: (at, rank, id) never changes for a given dump, so a place in
 * it survives staging the dump again.
 */
export const stagingTablesSql = `
create schema if not exists blog_import;
create table if not exists blog_import.sources (
  source text primary key,
  mode text not null,
  at timestamptz(3),
  rank smallint,
  id bigint,
  written bigint not null default 0,
  fingerprint text not null,
  complete boolean not null default false
);
create unlogged table if not exists blog_import.staged (source text not null, fingerprint text not null, malformed bigint not null);
create unlogged table if not exists blog_import.left_out (reason text primary key, rows bigint not null);
create unlogged table if not exists blog_import.steps (
  at timestamptz(3) not null,
  rank smallint not null,
  id bigint not null,
  kind text not null,
  target bigint,
  parent bigint,
  author bigint,
  title text,
  text text,
  tags text[],
  value smallint,
  primary key (at, rank, id)
);
create index if not exists steps_target on blog_import.steps (target, kind, at, rank, id);
create unlogged table if not exists blog_import.raw_users (line integer, id bigint, created_at timestamptz(3), name text);
create unlogged table if not exists blog_import.raw_posts (
  line integer, id bigint, created_at timestamptz(3), type bigint, parent_id bigint, user_id bigint, title text, body text, tags text
);
create unlogged table if not exists blog_import.raw_history (
  line integer, id bigint, created_at timestamptz(3), type bigint, post_id bigint, text text
);
create unlogged table if not exists blog_import.raw_comments (
  line integer, id bigint, created_at timestamptz(3), post_id bigint, user_id bigint, text text
);
create unlogged table if not exists blog_import.raw_votes (line integer, id bigint, created_at timestamptz(3), post_id bigint, type bigint);
create unlogged table if not exists blog_import.raw_tags (line integer, id bigint, name text);
`;

/** Empties what staging fills; `sources` stays. */
export const emptyStagingSql = `
truncate blog_import.staged, blog_import.left_out, blog_import.steps, blog_import.raw_users, blog_import.raw_posts,
  blog_import.raw_history, blog_import.raw_comments, blog_import.raw_votes, blog_import.raw_tags`;
