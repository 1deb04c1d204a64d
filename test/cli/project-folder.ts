import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, run, strangersEnvironment } from '../package/command.ts';
import { compiledPackage } from './compiled-package.ts';

/** A folder as a user's project is: a configuration, the compiled package, and the other packages of this workspace. */
export type ProjectFolder = {
  readonly path: string;
  /** The file that `npx everwarm` runs. */
  readonly command: string;
  /** Runs the command in it, to its end. `databaseUrl` and `redisUrl` become what the configuration reads. */
  everwarm(args: readonly string[], services?: Services): Promise<Ended>;
  /** Deletes it. */
  remove(): Promise<void>;
};

/** Where a command finds Postgres and Redis. */
export type Services = { readonly databaseUrl?: string; readonly redisUrl?: string };

/** Makes such a folder; `config` is the text of `everwarm.config.ts`, null for none. The caller must `remove` it. */
export async function projectFolder(config: string | null): Promise<ProjectFolder> {
  const path = await mkdtemp(join(tmpdir(), 'everwarm-cli-'));
  const modules = await compiledPackage();
  await symlink(modules, join(path, 'node_modules'), 'dir');
  const command = join(modules, 'everwarm/bin/everwarm.js');
  await writeFile(join(path, 'package.json'), '{ "type": "module" }');
  if (config !== null) await writeFile(join(path, 'everwarm.config.ts'), config);
  return {
    path,
    command,
    everwarm: (args, services = {}) => run(process.execPath, [command, ...args], { cwd: path, env: environment(services) }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** The environment in which the command finds these services. */
export function environment({ databaseUrl = '', redisUrl = '' }: Services): NodeJS.ProcessEnv {
  return strangersEnvironment({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
}

/** The tables that `libraryConfig` reads, with a row in each. */
export const libraryTables = `
create table authors (id integer primary key, name text not null);
create table books (id integer primary key, title text not null, author_id integer references authors);
create index on books (author_id);
insert into authors values (1, 'George Eliot');
insert into books values (42, 'Middlemarch', 1), (43, 'Romola', 1);`;

/** A configuration with a document model `book_page` (`more` is put into it) and a list `author_books`. */
export function libraryConfig(namespace: string, more = ''): string {
  return `
import { relations, sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { defineConfig, defineList, defineReadModel } from 'everwarm';

const authors = pgTable('authors', { id: integer('id').primaryKey(), name: text('name').notNull() });
const books = pgTable('books', { id: integer('id').primaryKey(), title: text('title').notNull(), authorId: integer('author_id') });
const booksRelations = relations(books, ({ one }) => ({ author: one(authors, { fields: [books.authorId], references: [authors.id] }) }));
const bookPage = defineReadModel({ authors, books, booksRelations }, 'books', {
  name: 'book_page', columns: { id: true, title: true }, with: { author: { columns: { name: true } } }, ${more}
});
const authorBooks = defineList(bookPage, { name: 'author_books', partitionBy: 'authorId', orderBy: (b, { desc }) => [desc(b.id)] });
const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
export default defineConfig({ postgres: DATABASE_URL, redis: REDIS_URL, namespace: '${namespace}', readModels: [bookPage, authorBooks] });
`;
}
