import { relations, sql } from 'drizzle-orm';
import { integer, numeric, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import { defineReadModel } from 'everwarm';
import { expect, test } from 'vitest';
import { openDeclared } from './open-declared.ts';

/* Ways in which tables and their relations can be unlike the usual. */

test('a stored generated column changes with its base, an identity column is a key like any other', async () => {
  const item = pgTable('item', {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    net: numeric('net').notNull(),
    gross: numeric('gross').generatedAlwaysAs(sql`net * 1.2`),
    label: text('label').generatedAlwaysAs(sql`upper(note)`),
    note: text('note'),
  });
  const priced = defineReadModel({ item }, 'item', {
    name: 'priced',
    columns: { gross: true, label: true },
    where: (i, { gt }) => gt(i.gross, '1'),
  });
  const { after, pool, failures } = await openDeclared(
    `create table item (id integer primary key generated always as identity, net numeric not null,
gross numeric generated always as (net * 1.2) stored, label text generated always as (upper(note)) stored, note text)`,
    [priced],
  );
  expect(await after(`insert into item (net, note) values (10, 'a'), (0.1, 'b')`, priced, 1)).toBe('{"gross":"12.0","label":"A"}');
  expect(await after('update item set net = 20 where id = 1', priced, 1)).toBe('{"gross":"24.0","label":"A"}');
  expect(await after(`update item set note = 'c' where id = 1`, priced, 1)).toBe('{"gross":"24.0","label":"C"}');
  expect(await after('update item set net = 0.5', priced, 1)).toBeNull();
  await pool.query('truncate everwarm.outbox');
  await pool.query(`update item set note = 'C' where id = 1`);
  expect((await pool.query('select from everwarm.outbox')).rowCount, 'the generated value is the same').toBe(0);
  expect(failures).toEqual([]);
});

test('relations of every kind between the same tables, with names that casing derives, each follow their own rows', async () => {
  const archive = pgSchema('archive');
  const person = pgTable('person', { personId: integer().primaryKey(), fullName: text().notNull(), bossId: integer() });
  const profile = pgTable('profile', { profileId: integer().primaryKey(), ownerId: integer(), motto: text() });
  const letter = pgTable('letter', {
    letterId: integer().primaryKey(),
    sentBy: integer().notNull(),
    sentTo: integer(),
    body: text().notNull(),
  });
  const oldLetter = archive.table('letter', { letterId: integer().primaryKey(), sentBy: integer(), body: text() });
  const schema = {
    person,
    profile,
    letter,
    oldLetter,
    personRelations: relations(person, ({ one, many }) => ({
      profile: one(profile),
      boss: one(person, { fields: [person.bossId], references: [person.personId], relationName: 'chain' }),
      reports: many(person, { relationName: 'chain' }),
      sent: many(letter, { relationName: 'sender' }),
      received: many(letter, { relationName: 'receiver' }),
      archived: many(oldLetter, { relationName: 'archived' }),
    })),
    profileRelations: relations(profile, ({ one }) => ({
      owner: one(person, { fields: [profile.ownerId], references: [person.personId] }),
    })),
    letterRelations: relations(letter, ({ one }) => ({
      sender: one(person, { fields: [letter.sentBy], references: [person.personId], relationName: 'sender' }),
      receiver: one(person, { fields: [letter.sentTo], references: [person.personId], relationName: 'receiver' }),
    })),
    oldLetterRelations: relations(oldLetter, ({ one }) => ({
      sender: one(person, { fields: [oldLetter.sentBy], references: [person.personId], relationName: 'archived' }),
    })),
  };
  const desk = defineReadModel(schema, 'person', {
    name: 'desk',
    columns: { fullName: true },
    with: {
      profile: { columns: { motto: true } },
      boss: { columns: { fullName: true }, with: { boss: { columns: { fullName: true } } } },
      sent: { columns: { body: true }, with: { receiver: { columns: { fullName: true } } } },
      received: { columns: { body: true } },
      archived: { columns: { body: true } },
    },
    aggregates: (a: { count(relation: string): unknown }) => ({ reports: a.count('reports') }),
    // Drizzle's types know a relation's table by its name alone and so offer what both letters have: not "receiver".
  } as never);
  const { after, everwarm, pool, failures } = await openDeclared(
    `create schema archive;
create table person (person_id integer primary key, full_name text, boss_id integer);
create table profile (profile_id integer primary key, owner_id integer, motto text);
create table letter (letter_id integer primary key, sent_by integer not null, sent_to integer, body text not null);
create table archive.letter (letter_id integer primary key, sent_by integer, body text);
insert into person values (1, 'Ann', null), (2, 'Bob', 1), (3, 'Cid', 2)`,
    [desk],
    { casing: 'snake_case' },
  );
  const document = async (statement: string, key: number) => JSON.parse((await after(statement, desk, key)) ?? 'null') as unknown;
  const empty = { profile: null, boss: null, sent: [], received: [], archived: [], reports: 0 };
  expect(await document('select', 3)).toEqual({ ...empty, fullName: 'Cid', boss: { fullName: 'Bob', boss: { fullName: 'Ann' } } });
  expect(await document(`update person set full_name = 'Ada' where person_id = 1`, 3)).toMatchObject({
    boss: { boss: { fullName: 'Ada' } },
  });
  expect(await document('update person set boss_id = 1 where person_id = 3', 1)).toMatchObject({ reports: 2, boss: null });
  expect(await document('select', 3)).toMatchObject({ boss: { fullName: 'Ada', boss: null } });
  expect(await document(`insert into profile values (1, 2, 'hm')`, 2)).toMatchObject({ profile: { motto: 'hm' } });
  expect(await document('update profile set owner_id = 3', 2)).toMatchObject({ profile: null });
  expect(await document('select', 3)).toMatchObject({ profile: { motto: 'hm' } });
  expect(await document(`insert into letter values (1, 1, 2, 'hi'); insert into archive.letter values (1, 1, 'old')`, 1)).toMatchObject({
    sent: [{ body: 'hi', receiver: { fullName: 'Bob' } }],
    received: [],
    archived: [{ body: 'old' }],
  });
  expect(await document('update letter set sent_to = 1, sent_by = 2', 1)).toMatchObject({ sent: [], received: [{ body: 'hi' }] });
  expect(await document('select', 2)).toMatchObject({ sent: [{ body: 'hi', receiver: { fullName: 'Ada' } }], received: [] });
  expect(await document(`update archive.letter set body = 'older'`, 1)).toMatchObject({
    received: [{ body: 'hi' }],
    archived: [{ body: 'older' }],
  });
  // What the Drizzle schema calls NOT NULL and the database does not is null, and takes nothing else with it.
  expect(await document('update person set full_name = null where person_id = 2', 2)).toMatchObject({ fullName: null, profile: null });
  expect(await document('delete from person where person_id = 1', 2)).toMatchObject({ boss: null, sent: [{ receiver: null }] });
  expect((await everwarm.verify(desk)).differing).toBe(0);
  expect((await pool.query('select from person')).rowCount).toBe(2);
  expect(failures).toEqual([]);
});
