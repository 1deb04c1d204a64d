import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { definitionHash } from '#model/compile.ts';
import { qualified } from '#model/sql/literal.ts';
import { readFacts } from '#stages/capture/facts.ts';
import { watchList } from '#stages/capture/watch-list.ts';

/** A generation as it is stored. */
export type Stored = { readonly id: number; readonly hash: string; readonly model: CompiledModel };

/**
 * Sets aside generations of other definitions than these `models` that read a table or column which is gone: they stall, and
 * their documents stay as they are for code that still asks for them. Without this, no migration could bring the definition
 * that does without the column. Returns the others.
 */
export async function leaveOutdated(db: Database, live: readonly Stored[], models: readonly CompiledModel[]): Promise<Stored[]> {
  const declared = new Set(models.map(definitionHash));
  const kept: Stored[] = [];
  for (const generation of live) {
    const lost = declared.has(generation.hash) ? null : await firstLost(db, generation.model);
    if (lost === null) kept.push(generation);
    else await db.query('update everwarm.generations set stalled = coalesce(stalled, left($2, 500)) where id = $1', [generation.id, lost]);
  }
  return kept;
}

async function firstLost(db: Database, model: CompiledModel): Promise<string | null> {
  const watches = watchList([model]);
  const facts = await readFacts(db, watches);
  for (const [index, { table, columns }] of watches.entries()) {
    const found = facts[index];
    if (!found || found.relation === null) return `table ${qualified(table)} does not exist`;
    const column = columns.find((name) => !Object.hasOwn(found.columns, name));
    if (column !== undefined) return `table ${qualified(table)} has no column "${column}"`;
  }
  return null;
}
