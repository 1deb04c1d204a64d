import pg from 'pg';
import { BlogError } from './errors.ts';

/**
 * Lends one connection to `body` and closes it afterwards, also when `body` fails.
 * A server that cannot be reached or refuses the login is BlogError `unavailable`, with host and database and without the password.
 */
export async function withClient<T>(
  databaseUrl: string,
  body: (client: pg.Client) => Promise<T>,
  options: pg.ClientConfig = {},
): Promise<T> {
  const client = await connect(databaseUrl, options);
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect(databaseUrl: string, options: pg.ClientConfig): Promise<pg.Client> {
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new BlogError('unavailable', 'DATABASE_URL must look like postgres://user:password@host:port/database.');
  }
  try {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000, application_name: 'blog', ...options });
    // A connection that breaks while idle only emits; the next query on it fails and is reported there.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  } catch (error) {
    const reason = error instanceof AggregateError ? String(error.errors[0]) : error instanceof Error ? error.message : String(error);
    throw new BlogError('unavailable', `Cannot connect to ${place(databaseUrl)}: ${reason}. Is DATABASE_URL right?`, { cause: error });
  }
}

function place(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'the database';
  const { host, pathname } = new URL(databaseUrl);
  return `Postgres at ${host}${pathname}`;
}
