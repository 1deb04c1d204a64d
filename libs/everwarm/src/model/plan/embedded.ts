import { definition, type TableInfo } from '#model/schema.ts';
import { knownOption, object, type RawQuery } from './declared.ts';
import type { Planning } from './planning.ts';

/** What the engine needs of a read model that stands inside another: the declaration that is expanded in its place. */
type Embedded = {
  readonly name: string;
  readonly transformation: unknown;
  readonly declaration: { readonly schema: Record<string, unknown>; readonly root: string; readonly query: RawQuery };
};

/** What stands at a relation: its query, what is said around it, and the read model that the query comes from, null for none. */
export type Nested = { readonly query: RawQuery; readonly around: RawQuery; readonly model: Embedded | null };

const around: ReadonlySet<string> = new Set(['model', 'where', 'orderBy', 'limit']);

/**
 * Reads what a declaration says at a relation: `true`, a query, a read model, a function that gives one (for a model that is
 * declared further down), or `{ model, where, orderBy, limit }`. Null for a forward reference that is not to be followed yet.
 * Throws E_DEFINITION for a read model that cannot stand there.
 */
export function nestedAt(planning: Planning, value: unknown, target: TableInfo, path: string): Nested | null {
  if (value === true) return { query: {}, around: {}, model: null };
  const given = object(value, path);
  if (!refersToModel(given)) return { query: given, around: {}, model: null };
  const wrapped = 'model' in given;
  if (wrapped) for (const option of Object.keys(given)) knownOption(option, around, path);
  const reference = wrapped ? given['model'] : given;
  if (typeof reference === 'function' && planning.forward === 'left') return null;
  const model: unknown = typeof reference === 'function' ? reference() : reference;
  if (!isModel(model))
    throw definition(path, 'embeds something that is not a document model of defineReadModel. Give one, or a function that returns it.');
  checkEmbedded(planning, model, target, path);
  const { name: _, tenantBy: _tenant, ...query } = model.declaration.query;
  const { model: __, ...terms } = wrapped ? given : { model };
  return { query, around: terms, model };
}

/** Plans the inside of an embedded model; a model that comes to stand inside itself is refused by the way that leads there. */
export function within<T>(planning: Planning, model: Embedded | null, path: string, plan: () => T): T {
  if (model === null) return plan();
  const { query } = model.declaration;
  const start = planning.within.findIndex((outer) => outer.query === query);
  if (start >= 0) {
    const circle = [...planning.within.slice(start), model].map(({ name }) => name).join(' → ');
    throw definition(path, `embeds read models in a circle: ${circle}. Write one of them out as a query that ends.`);
  }
  planning.within.push({ name: model.name, query });
  const planned = plan();
  planning.within.pop();
  return planned;
}

function refersToModel(given: RawQuery): boolean {
  return typeof given === 'function' || 'model' in given || 'kind' in given;
}

function isModel(value: unknown): value is Embedded {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'document' && 'declaration' in value;
}

function checkEmbedded({ schema }: Planning, model: Embedded, target: TableInfo, path: string): void {
  if (model.transformation !== null)
    throw definition(
      path,
      `embeds "${model.name}", which has a transform: its code cannot run inside another document's SQL. Embed the model without it, and transform the outer one.`,
    );
  if (model.declaration.schema !== schema.source)
    throw definition(path, `embeds "${model.name}", which is declared over another schema object. Declare both over the same one.`);
  if (model.declaration.root !== target.property)
    throw definition(
      path,
      `embeds "${model.name}", whose rows are of "${model.declaration.root}", where the relation leads to "${target.property}". Embed a model of that table.`,
    );
}
