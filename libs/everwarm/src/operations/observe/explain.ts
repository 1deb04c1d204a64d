import type { CompiledModel, GenerationState } from '#contracts/compiled.ts';
import type { Database } from '#contracts/database.ts';
import { type Explanation, explainModel } from '#model/explain/explain.ts';

/** One generation of a read model's name; `isThis` when it is of exactly the explained definition. */
export type ExplainedGeneration = {
  readonly id: number;
  readonly state: GenerationState;
  readonly hash: string;
  readonly isThis: boolean;
};

/** An explanation with what the database has of the model; `generations` null when there is no database to ask, or nothing of ours in it. */
export type Explained = Explanation & { readonly generations: readonly ExplainedGeneration[] | null };

/** Explains a model, and which generations of its name there are. Needs no database. Writes nothing. */
export async function explain(db: Database, model: CompiledModel): Promise<Explained> {
  const explanation = explainModel(model);
  const generations = await db
    .query<{ id: number; state: GenerationState; hash: string }>(
      `select id, state, hash from everwarm.generations where name = $1 and state <> 'dropped' order by id`,
      [model.name],
    )
    .then(
      ({ rows }) => rows.map((row) => ({ ...row, isThis: row.hash === explanation.hash })),
      () => null,
    );
  return { ...explanation, generations };
}
