import { Client, escapeLiteral, type QueryResult } from 'pg';

/** What a statement gave that the server sent back as rows. */
export type Row = Readonly<Record<string, unknown>>;

/** A writer's connection. Statements are text with their values inside: several of them are one round trip. */
export type YardSession = {
  /** Rows of the last statement that returned any. */
  run(sql: string): Promise<readonly Row[]>;
  /** Gone, whatever is under way. */
  end(): void;
};

/** How long a statement may take before the connection is given up: a server that answers nobody must not stop the load. */
const patienceMs = 10_000;

/** Opens a connection of a writer. Rejects when the server does not take it. */
export async function openSession(url: string): Promise<YardSession> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 3000,
    query_timeout: patienceMs,
    application_name: 'torture-load',
    options: `-c lock_timeout=4000 -c statement_timeout=${patienceMs} -c idle_in_transaction_session_timeout=${patienceMs}`,
  });
  // It ends with whatever statement is under way, and that is who hears of it.
  client.on('error', () => undefined);
  await client.connect();
  return {
    async run(sql) {
      const results = (await client.query(sql)) as QueryResult<Row> | QueryResult<Row>[];
      return (Array.isArray(results) ? results : [results]).findLast(({ rows }) => rows.length > 0)?.rows ?? [];
    },
    end: () => void client.end().catch(() => undefined),
  };
}

/** A value as SQL. */
export const text = (value: string): string => escapeLiteral(value);

/** The `where` of one vessel. */
export const isVessel = ({ fleet, hullNo }: Hull): string => `"Fleet" = ${text(fleet)} and "hullNo" = ${hullNo}`;

/** A vessel's key. */
export type Hull = { readonly fleet: string; readonly hullNo: number };

/**
 * Begins a transaction, as the only one under way on these subjects from here on, and gives each its next number. In the order of
 * their names, so that two transactions do not wait for each other.
 */
export async function begin(
  session: YardSession,
  subjects: readonly string[],
  isolation = 'read committed',
): Promise<ReadonlyMap<string, Progress>> {
  const ordered = [...subjects].sort();
  const rows = await session.run(
    `begin isolation level ${isolation};
insert into "Yard"."Progress" as p (subject, stamp) values ${ordered.map((subject) => `(${text(subject)}, 1)`).join(', ')}
on conflict (subject) do update set stamp = p.stamp + 1 returning subject, stamp::integer, life, dock`,
  );
  return new Map(rows.map((row) => [String(row['subject']), row as Progress]));
}

/** How far a subject is: the number of the change that is being made, which of its lives it is in, the last dock it was in. */
export type Progress = { readonly subject: string; readonly stamp: number; readonly life: number; readonly dock: number | null };
