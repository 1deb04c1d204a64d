import { escapeLiteral } from 'pg';
import type { WriterRow, WriterSession } from '../../../libs/everwarm/src/torture/writer-session.ts';

/** A writer's connection. */
export type YardSession = WriterSession;

/** A row that came back. */
export type Row = WriterRow;

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
