import type { CompiledModel, KeyColumn } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { type KeyInput, type KeyValue, keyText } from '#contracts/key.ts';
import type { AnyModel, ListModel, ReadModel } from '#model/declare/define.ts';
import type { RawDocument } from './read-parts.ts';
import type { Partition, Reader } from './reader.ts';

type Watching<T> = AsyncIterableIterator<T, void, undefined>;

/** What tells a tenant's documents of one model from all others. */
type Bound = { readonly model: CompiledModel; readonly column: KeyColumn; readonly text: string };

/**
 * A reader of one tenant's documents and pages. Every key that it asks for begins with the tenant, whatever it was given, and no
 * document leaves it that does not say the same. Throws E_TENANT for what is not this tenant's: a key that names another one, a
 * read model without tenants, a document that lies where it does not belong.
 */
export function tenantReader(reader: Reader, tenant: KeyValue, compiled: (model: AnyModel) => CompiledModel): Reader {
  const known = new WeakMap<AnyModel, Bound>();
  const bind = (model: AnyModel): Bound => {
    const cached = known.get(model);
    if (cached) return cached;
    const bound = boundTo(tenant, compiled(model));
    known.set(model, bound);
    return bound;
  };
  const keyIn = (model: ReadModel, key: KeyInput) => keyOfTenant(bind(model), tenant, key);
  const own = (model: ReadModel, document: RawDocument | null) => (document === null ? null : checked(bind(model), document));
  const partitionIn = (list: ListModel, partition: Partition | null | undefined): Partition => {
    bind(list);
    if (typeof partition === 'object' && partition !== null)
      throw new EverwarmError('E_KEY', `A reader of one tenant was given a tenant with the partition of ${list.name}. Leave it out.`);
    return { tenant, partition: partition ?? null };
  };

  const bound: Reader = {
    async get(model, key, options) {
      const found = await bound.raw(model as ReadModel, key, options);
      return found && JSON.parse(found.body.toString());
    },
    raw: async (model, key, options) => own(model, await reader.raw(model, keyIn(model, key), options)),
    async getMany(model, keys, options) {
      const found = await bound.rawMany(model as ReadModel, keys, options);
      return found.map((document) => document && JSON.parse(document.body.toString()));
    },
    async rawMany(model, keys, options) {
      const asked = keys.map((key) => keyIn(model, key));
      return (await reader.rawMany(model, asked, options)).map((document) => own(model, document));
    },
    async list(list, partition, options) {
      const { items, next, previous, total } = await bound.rawList(list, partition, options);
      return { items: items.map((item) => JSON.parse(item.body.toString())), next, previous, total };
    },
    async rawList(list, partition, options) {
      const page = await reader.rawList(list, partitionIn(list, partition), options);
      for (const item of page.items) own(list.item, item);
      return page;
    },
    watch: (model, key, options) =>
      shown(bound.rawWatch(model as ReadModel, key, options), (found) => found && JSON.parse(found.body.toString())),
    rawWatch: (model, key, options) => shown(reader.rawWatch(model, keyIn(model, key), options), (found) => own(model, found)),
    compressed: async (model, key, document, encoding) =>
      reader.compressed(model, keyIn(model, key), checked(bind(model), document), encoding),
    forTenant() {
      throw new EverwarmError('E_TENANT', 'This reader is bound to a tenant already. Bind the one that it was made of.');
    },
    stats: () => reader.stats(),
  };
  return bound;
}

function boundTo(tenant: KeyValue, model: CompiledModel): Bound {
  const [column] = model.key;
  if (!model.tenanted || !column)
    throw refused(
      model.name,
      'has no tenants, so a reader of one cannot tell what is its own. Declare "tenantBy", or read without forTenant',
    );
  return { model, column, text: keyText(model.name, column, tenant) };
}

/** The whole key: with the tenant, whether what was given names it or not. */
function keyOfTenant({ model, column, text }: Bound, tenant: KeyValue, key: KeyInput): KeyInput {
  const [, only, ...rest] = model.key;
  // Callers without types give null for a key that they do not have.
  const isScalar = typeof key !== 'object' || key === null || key instanceof Date;
  const property = only && rest.length === 0 ? only.property : column.property;
  const given = isScalar ? { [property]: key } : key;
  if (Object.hasOwn(given, column.property) && keyText(model.name, column, given[column.property]) !== text)
    throw refused(model.name, 'was asked for by the key of another tenant');
  return only === undefined ? tenant : { ...given, [column.property]: tenant };
}

function checked(bound: Bound, document: RawDocument): RawDocument {
  if (says(document.body, bound)) return document;
  throw refused(bound.model.name, 'holds a document under a key of this tenant that does not say it is this tenant’s. Run everwarm verify');
}

/** Whether a document says that it is the tenant's. The engine writes that first; code of a transform may have put it elsewhere. */
function says(body: Buffer, { model, column, text }: Bound): boolean {
  const isNumber = column.type === 'integer' || column.type === 'bigint';
  const start = `{${JSON.stringify(column.property)}:${isNumber ? text : JSON.stringify(text)}`;
  const length = Buffer.byteLength(start);
  const after = body[length];
  if ((after === 0x2c || after === 0x7d) && body.toString('utf8', 0, length) === start) return true;
  const document: unknown = JSON.parse(body.toString());
  const value: unknown = typeof document === 'object' && document !== null ? Reflect.get(document, column.property) : undefined;
  return value !== undefined && value !== null && keyText(model.name, column, value) === text;
}

/** The same iterator over what `show` makes of each; what it throws ends both. */
function shown<From, To>(found: Watching<From>, show: (from: From) => To): Watching<To> {
  const end = async (): Promise<IteratorReturnResult<void>> => {
    await found.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const step = await found.next();
      if (step.done) return step;
      try {
        return { done: false, value: show(step.value) };
      } catch (error) {
        await end();
        throw error;
      }
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function refused(model: string, what: string): EverwarmError {
  return new EverwarmError('E_TENANT', `The read model ${model} ${what}.`, { context: { model } });
}
