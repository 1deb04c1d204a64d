import { openPostgres } from '#platform/postgres.ts';

/** What a statement gave that the server sent back as rows. */
export type WriterRow = Readonly<Record<string, unknown>>;

/** A writer's connection. Statements are text with their values inside: several of them are one round trip. */
export type WriterSession = {
  /** The rows of the last statement that returned any. */
  run(sql: string): Promise<readonly WriterRow[]>;
  /** Gone, whatever is under way. */
  end(): void;
};

/** How long a statement may take before the connection is given up: a server that answers nobody must not stop the load. */
const patienceMs = 10_000;

/** Opens a connection of a writer. Rejects when the server does not take it. */
export async function openSession(url: string): Promise<WriterSession> {
  const postgres = openPostgres(url, { max: 1, name: 'everwarm-torture-load', connectMs: 3000, answerMs: patienceMs });
  const client = await postgres.pool.connect().catch(async (error: unknown) => {
    await postgres.close();
    throw error;
  });
  // It ends with whatever statement is under way, and that is who hears of it.
  client.on('error', () => undefined);
  await client.query(
    `set lock_timeout = 4000; set statement_timeout = ${patienceMs}; set idle_in_transaction_session_timeout = ${patienceMs}`,
  );
  return {
    async run(sql) {
      // Several statements in one message answer with several results, which the driver's types do not know.
      const results = (await client.query(sql)) as unknown as { rows: WriterRow[] } | { rows: WriterRow[] }[];
      return (Array.isArray(results) ? results : [results]).findLast(({ rows }) => rows.length > 0)?.rows ?? [];
    },
    end() {
      client.release(true);
      void postgres.close().catch(() => undefined);
    },
  };
}
