import type { CompiledModel } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { type Lifecycle, type LifecycleKind, lifecycleKind } from '#contracts/lifecycle.ts';
import { definitionHash } from '#model/compile.ts';

/** A read model whose documents are written at other times from now on. */
export type LifecycleChange = { readonly name: string; readonly from: LifecycleKind; readonly to: LifecycleKind };

/**
 * Gives the generations of exactly these definitions the lifecycles that are declared now, in place; processes see it when the revision
 * moves on, which the caller sees to. A generation that was lazy has only what was read, so all of its keys are walked. Returns what
 * changed of generations that were there before.
 */
export async function setLifecycles(tx: Database, models: readonly CompiledModel[]): Promise<LifecycleChange[]> {
  const changes: LifecycleChange[] = [];
  for (const model of models) {
    const now = model.lifecycle ?? 'async';
    const { rows } = await tx.query<{ was: Lifecycle }>(
      `with before as (select id, lifecycle from everwarm.generations where name = $1 and hash = $2 and state <> 'dropped' for update)
update everwarm.generations g set lifecycle = $3::jsonb from before b where g.id = b.id and b.lifecycle <> $3::jsonb returning b.lifecycle as was`,
      [model.name, definitionHash(model), JSON.stringify(now)],
    );
    for (const { was } of rows) {
      changes.push({ name: model.name, from: lifecycleKind(was), to: lifecycleKind(now) });
      if (lifecycleKind(was) === 'lazy' && lifecycleKind(now) !== 'lazy') await walk(tx, model);
      // A walk under way goes over other keys from now on, in another order: those that are stored.
      if (lifecycleKind(was) !== 'lazy' && lifecycleKind(now) === 'lazy') await walk(tx, model, 'and reconcile_phase is not null');
    }
  }
  return changes;
}

async function walk(tx: Database, model: CompiledModel, where = ''): Promise<void> {
  await tx.query(
    `update everwarm.generations set reconcile_phase = 'source', reconcile_position = null, reconcile_seq = null where name = $1 and hash = $2 and state <> 'dropped' ${where}`,
    [model.name, definitionHash(model)],
  );
}
