import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import { encodeKey, type KeyInput, keyText } from '#contracts/key.ts';
import type { Transform } from '#contracts/transform.ts';
import { definitionHash } from '#model/compile.ts';
import type { AnyModel, ListModel, ReadModel } from '#model/declare/define.ts';
import { textTransform } from '#model/declare/transform.ts';
import type { Casing } from '#model/schema.ts';
import { readDocument, readDocuments } from './document-reader.ts';
import { type RawPage, readPage } from './list-reader.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';

/** Which page of a list: `after` takes the `next` of a page, `before` its `previous`; at most one of them. None: the top. */
export type ListOptions = { readonly limit?: number; readonly after?: string | null; readonly before?: string | null };

/** A page of parsed documents. `next` and `previous` are null where nothing follows or precedes; `total` where the list does not count. */
export type Page<Doc> = {
  readonly items: readonly Doc[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly total: number | null;
};

/** The most documents of one page, and of one `getMany`. */
const maxPage = 1000;

/** Reads documents and lists: from Redis, else the projection tables, else the sources. Never computes what a store has. */
export interface Reader {
  /** The document of this key, or null. Composite keys are objects. Throws E_KEY, E_NOT_MIGRATED. */
  get<Doc, Key>(model: ReadModel<Doc, Key>, key: Key & KeyInput): Promise<Doc | null>;
  /** The document's bytes with version, moment and tier, to be sent on untouched. */
  raw(model: ReadModel, key: KeyInput): Promise<RawDocument | null>;
  /** The documents of these keys, in that order, null where there is none; one round trip. */
  getMany<Doc, Key>(model: ReadModel<Doc, Key>, keys: readonly (Key & KeyInput)[]): Promise<(Doc | null)[]>;
  /** A page of a list's partition (none for a list without partitions). Throws E_CURSOR, E_KEY. */
  list<Doc>(list: ListModel<Doc>, partition?: string | number | bigint | null, options?: ListOptions): Promise<Page<Doc>>;
  /** The same page as bytes. */
  rawList(list: ListModel, partition?: string | number | bigint | null, options?: ListOptions): Promise<RawPage>;
}

type Known = { readonly compiled: CompiledModel; readonly hash: string; readonly transform: Transform | null };

type Parts = ReadParts & { readonly generations: Generations };

/**
 * A reader on open connections. `parts` is asked for at every read: it gives a promise while it opens them at the first, and
 * them at once from then on, since a read from Redis is so short that each turn of the event loop counts.
 */
export function readerOn(parts: () => Parts | Promise<Parts>, casing: Casing | undefined): Reader {
  const compiledModels = new WeakMap<AnyModel, Known>();
  const known = (model: AnyModel): Known => {
    const cached = compiledModels.get(model);
    if (cached) return cached;
    const made = model.compile(casing);
    const transformation = model.kind === 'document' ? model.transformation : null;
    const transform = transformation && textTransform(model.name, transformation);
    const entry = { compiled: made, hash: definitionHash(made), transform };
    compiledModels.set(model, entry);
    return entry;
  };
  const generationOf = async (generations: Generations, model: AnyModel): Promise<Generation> => {
    const generation = await generations.byHash(model.name, known(model).hash);
    if (!generation)
      throw new EverwarmError(
        'E_NOT_MIGRATED',
        `The database has no generation of "${model.name}" as this code declares it. Run everwarm migrate.`,
        { context: { model: model.name } },
      );
    return generation;
  };

  const reader: Reader = {
    async get(model, key) {
      const found = await reader.raw(model as ReadModel, key);
      return found && JSON.parse(found.body.toString());
    },
    async raw(model, key) {
      const { compiled, hash, transform } = known(model);
      const text = encodeKey(model.name, compiled.key, key);
      const opening = parts();
      const open = opening instanceof Promise ? await opening : opening;
      const generation = open.generations.remembered(model.name, hash) ?? (await generationOf(open.generations, model));
      return readDocument(open, generation, text, transform);
    },
    async getMany(model, keys) {
      if (keys.length > maxPage)
        throw new EverwarmError('E_KEY', `getMany of ${model.name} was given ${keys.length} keys; it takes at most ${maxPage}.`);
      const texts = keys.map((key) => encodeKey(model.name, known(model as ReadModel).compiled.key, key));
      const open = await parts();
      const found = await readDocuments(
        open,
        await generationOf(open.generations, model as ReadModel),
        texts,
        known(model as ReadModel).transform,
      );
      return found.map((document) => document && JSON.parse(document.body.toString()));
    },
    async list(list, partition, options) {
      const { items, next, previous, total } = await reader.rawList(list, partition, options);
      return { items: items.map((item) => JSON.parse(item.body.toString())), next, previous, total };
    },
    async rawList(list, partition, { limit = 20, after = null, before = null } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > maxPage)
        throw new EverwarmError('E_CURSOR', `The limit ${limit} of a page of ${list.name} is not a whole number from 1 to ${maxPage}.`);
      if (after !== null && before !== null)
        throw new EverwarmError('E_CURSOR', `A page of ${list.name} was asked for both after and before a cursor. Give one of them.`);
      const cursor =
        after !== null ? { side: 'after' as const, text: after } : before !== null ? { side: 'before' as const, text: before } : null;
      const text = partitionText(list.name, known(list).compiled, partition ?? null);
      const open = await parts();
      const [entries, item] = await Promise.all([generationOf(open.generations, list), generationOf(open.generations, list.item)]);
      return readPage(open, { list: entries, partition: text }, item, { limit, cursor, transform: known(list.item).transform });
    },
  };
  return reader;
}

function partitionText(name: string, { list }: CompiledModel, partition: string | number | bigint | null): string {
  if (list?.partition == null) {
    if (partition !== null)
      throw new EverwarmError('E_KEY', `The list ${name} has no partitions, and was asked for one. Leave the partition out.`);
    return '';
  }
  return keyText(name, list.partition, partition);
}
