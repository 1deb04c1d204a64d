// A social feed: who follows whom decides what each member sees. Needs DATABASE_URL and REDIS_URL of its own.
import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { createEverwarm, defineList, defineReadModel } from 'everwarm';

const members = pgTable('members', { id: uuid().primaryKey(), handle: text().notNull() });
const follows = pgTable('follows', { followerId: uuid().notNull(), authorId: uuid().notNull() }, (t) => [
  primaryKey({ columns: [t.followerId, t.authorId] }),
]);
const notes = pgTable('notes', {
  id: bigint({ mode: 'bigint' }).primaryKey(),
  authorId: uuid().notNull(),
  text: text().notNull(),
  at: timestamp({ withTimezone: true }).notNull(),
  deletedAt: timestamp({ withTimezone: true }),
});
const schema = {
  members,
  follows,
  notes,
  membersRelations: relations(members, ({ many }) => ({
    notes: many(notes),
    followers: many(follows, { relationName: 'author' }),
    following: many(follows, { relationName: 'follower' }),
  })),
  // A note reaches everybody who follows its author: the join is by author, not by note.
  notesRelations: relations(notes, ({ one, many }) => ({
    author: one(members, { fields: [notes.authorId], references: [members.id] }),
    audience: many(follows, { relationName: 'audience' }),
  })),
  followsRelations: relations(follows, ({ one }) => ({
    author: one(members, { fields: [follows.authorId], references: [members.id], relationName: 'author' }),
    follower: one(members, { fields: [follows.followerId], references: [members.id], relationName: 'follower' }),
    notes: one(notes, { fields: [follows.authorId], references: [notes.authorId], relationName: 'audience' }),
  })),
};

const noteCard = defineReadModel(schema, 'notes', {
  name: 'note_card',
  where: (n, { isNull }) => isNull(n.deletedAt),
  columns: { id: true, text: true, at: true },
  with: { author: { columns: { handle: true } } },
});

// One list for each follower. A followed author's notes come in, an unfollowed one's go; the cards themselves are written once.
const feed = defineList(noteCard, {
  name: 'feed',
  partitionBy: ['audience', 'followerId'],
  orderBy: (n, { desc }) => [desc(n.at), desc(n.id)],
});

const profile = defineReadModel(schema, 'members', {
  name: 'profile',
  columns: { handle: true },
  aggregates: (a) => ({
    followers: a.count('followers'),
    following: a.count('following'),
    notes: a.count('notes', { where: (n, { isNull }) => isNull(n.deletedAt) }),
  }),
});

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const db = drizzle(DATABASE_URL, { casing: 'snake_case' });
await db.execute(`
  create table members (id uuid primary key, handle text not null);
  create table notes (id bigint primary key, author_id uuid not null references members on delete cascade, text text not null,
    at timestamptz not null, deleted_at timestamptz);
  create table follows (follower_id uuid not null references members on delete cascade,
    author_id uuid not null references members on delete cascade, primary key (follower_id, author_id));
  create index on notes (author_id, at desc, id desc);
  create index on follows (author_id)`);

const models = [noteCard, feed, profile];
const everwarm = createEverwarm({ postgres: DATABASE_URL, redis: REDIS_URL, casing: 'snake_case', readModels: models });
await everwarm.migrate();
await everwarm.start();

const [ada, ben, cy] = ['a', 'b', 'c'].map((letter) => `00000000-0000-4000-8000-00000000000${letter}`) as [string, string, string];
const print = async (what: string) => {
  await everwarm.settled();
  const { items } = await everwarm.reader.list(feed, cy, { limit: 10 });
  console.log(`${what}: ${items.map((note) => `${note.author?.handle} "${note.text}"`).join(', ') || 'nothing'}`);
};

await db.insert(members).values([
  { id: ada, handle: 'ada' },
  { id: ben, handle: 'ben' },
  { id: cy, handle: 'cy' },
]);
await db.insert(notes).values([
  { id: 1n, authorId: ada, text: 'first', at: new Date('2026-01-01T10:00:00Z') },
  { id: 2n, authorId: ben, text: 'second', at: new Date('2026-01-01T11:00:00Z') },
  { id: 9007199254740993n, authorId: ada, text: 'third', at: new Date('2026-01-01T12:00:00Z') },
]);
await print('follows nobody');

await db.insert(follows).values([
  { followerId: cy, authorId: ada },
  { followerId: cy, authorId: ben },
  { followerId: ben, authorId: ada },
]);
await print('follows both');

await db.execute(`update members set handle = 'Ada L.' where handle = 'ada'`);
await print('renamed');

await db.execute(
  `update notes set deleted_at = now() where text = 'first'; delete from follows where follower_id = '${cy}' and author_id = '${ben}'`,
);
await print('one deleted, one unfollowed');
console.log(await everwarm.reader.get(profile, ada));

// A member leaves. The database cascades; every copy follows.
await db.execute(`delete from members where id = '${ada}'`);
await print('left');

const checked = await Promise.all(models.map((model) => everwarm.verify(model)));
console.log(`differing: ${checked.reduce((sum, { differing }) => sum + differing, 0)}`);
await everwarm.stop();
await db.$client.end();
