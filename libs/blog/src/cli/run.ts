import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { withClient } from '../connect.ts';
import { BlogError } from '../errors.ts';
import { generateBlog } from '../generate/generate.ts';
import { migrateBlog } from '../migrate.ts';
import { dumpSchema } from '../schema/dump-schema.ts';
import { databaseUrl } from './database-url.ts';
import { importVerb } from './import-verb.ts';
import { startProgress } from './progress-line.ts';

const schemaFile = fileURLToPath(new URL('../../../../migrations/schema.sql', import.meta.url));

/** Runs one command line of the blog's tools and returns its exit code: 0 done, 1 failed, 2 usage. A failure is one line on stderr. */
export async function runBlog(args: readonly string[]): Promise<number> {
  try {
    await verbs().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its own.
    if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2;
    console.error(`blog: ${rootMessage(error)}`);
    return error instanceof BlogError && error.code === 'usage' ? 2 : 1;
  }
}

function verbs(): Command {
  const program = new Command('blog').description('The example domain: its tables, real and generated content.').exitOverride();

  program
    .command('migrate')
    .description("create the blog's tables or bring them up to date")
    .action(async () => {
      await migrateBlog(databaseUrl());
      console.log('The tables are up to date.');
    });

  program
    .command('import')
    .description('import the folder of a Stack Exchange dump; running it again goes on where it was')
    .argument('<dir>', 'folder with Users.xml, Posts.xml, PostHistory.xml, Comments.xml, Votes.xml and Tags.xml')
    .option('--replay', 'write the whole history in order of time, each write its own transaction (the default)')
    .option('--bulk', 'write only what the history ends with, fast')
    .option('--strict', 'end at the first malformed row instead of skipping it')
    .option('--source <name>', 'what to call this dump among others; default: the name of the folder')
    .option('--limit <steps>', 'replay: stop after so many steps', wholeNumber)
    .option('--rate <steps>', 'replay: at most so many steps per second', wholeNumber)
    .action(async (folder: string, flags: { bulk?: true; replay?: true; limit?: number; rate?: number }) => {
      if (flags.bulk && flags.replay) throw new BlogError('usage', 'Give --replay or --bulk, not both.');
      if (flags.bulk && (flags.limit ?? flags.rate) !== undefined) throw new BlogError('usage', '--limit and --rate are for --replay.');
      await importVerb(folder, flags);
    });

  program
    .command('generate')
    .description('fill the blog with invented content, the same for the same seed; running it again adds what is missing')
    .requiredOption('--posts <number>', 'how many posts; members, comments and votes follow', wholeNumber)
    .option('--seed <number>', 'which content', wholeNumber, 1)
    .option('--if-empty', 'do nothing where the blog has members or posts already')
    .action(async ({ posts, seed, ifEmpty }: { posts: number; seed: number; ifEmpty?: true }) => {
      const url = databaseUrl();
      if (ifEmpty && !(await withClient(url, isEmpty))) {
        console.log('The blog has content already: nothing is added.');
        return;
      }
      const line = startProgress('Generating', posts);
      await generateBlog(url, { posts, seed, onPosts: (count) => line.add(count) });
      line.end(`Generated ${posts.toLocaleString('en')} posts of seed ${seed}.`);
    });

  program
    .command('schema-dump')
    .description('write what the migrations add up to into migrations/schema.sql')
    .action(async () => {
      await migrateBlog(databaseUrl());
      await writeFile(schemaFile, await withClient(databaseUrl(), dumpSchema));
      console.log('Wrote migrations/schema.sql.');
    });
  return program;
}

async function isEmpty(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(
    'select not exists (select from posts) and not exists (select from users) as empty',
  );
  return rows[0]?.empty === true;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return Number(text);
}

function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.');
}

/** Drizzle's own message is the statement it sent; the cause says what went wrong. */
function rootMessage(error: unknown): string {
  if (error instanceof BlogError) return error.message;
  if (error instanceof Error && error.cause instanceof Error) return rootMessage(error.cause);
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
}
