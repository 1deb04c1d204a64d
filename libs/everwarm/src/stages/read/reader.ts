import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { Generations } from '#contracts/generations.ts';
import { encodeKey, type KeyInput, type KeyValue, keyText } from '#contracts/key.ts';
import type { Transform } from '#contracts/transform.ts';
import { definitionHash } from '#model/compile.ts';
import type { AnyModel, ListModel, ReadModel } from '#model/declare/define.ts';
import { textTransform } from '#model/declare/transform.ts';
import type { Casing } from '#model/schema.ts';
import { decodeCursor } from './cursor.ts';
import { readDocument, readDocuments } from './document-reader.ts';
import { readFreshDocuments } from './fresh-documents.ts';
import { type RawPage, readPage } from './list-reader.ts';
import type { Place } from './page-entries.ts';
import { freshnessOf, type ReadOptions } from './read-options.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';
import type { ReaderStats, ReadStats } from './read-stats.ts';
import { recall, recallDocuments } from './recall.ts';
import { tenantReader } from './tenant-reader.ts';
import { type TwinEncoding, Twins } from './twins.ts';
import { type Ending, type WatchOptions, watching } from './watch.ts';
import type { Watches } from './watches.ts';

/**
 * Which page of a list: `after` takes the `next` of a page, `before` its `previous`; at most one of them. None: the top. And how fresh
 * its order and its documents must be: since `after` is a place here, tokens are given as `afterToken`.
 */
export type ListOptions = Omit<ReadOptions, 'after'> & {
  readonly limit?: number;
  readonly after?: string | null;
  readonly before?: string | null;
  readonly afterToken?: ReadOptions['after'];
};

/** A page of parsed documents. `next` and `previous` are null where nothing follows or precedes; `total` where the list does not count. */
export type Page<Doc> = {
  readonly items: readonly Doc[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly total: number | null;
};

/** A part of a list, by the value that its entries share; in a list of tenants' documents with the tenant, unless the reader is bound to one. */
export type Partition = string | number | bigint | { readonly tenant: KeyValue; readonly partition?: string | number | bigint | null };

/** The most documents of one page, and of one `getMany`. */
const maxPage = 1000;

/** Reads documents and lists: from memory where that is kept, from Redis, else the projection tables, else the sources. Never computes what a store has. */
export interface Reader {
  /** The document of this key, or null. Composite keys are objects. Throws E_KEY, E_NOT_MIGRATED; with options E_TOKEN, E_STALE, E_CONFIG. */
  get<Doc, Key>(model: ReadModel<Doc, Key>, key: Key & KeyInput, options?: ReadOptions): Promise<Doc | null>;
  /** The document's bytes with version, moment and tier, to be sent on untouched. */
  raw(model: ReadModel, key: KeyInput, options?: ReadOptions): Promise<RawDocument | null>;
  /** The documents of these keys, in that order, null where there is none; one round trip. */
  getMany<Doc, Key>(model: ReadModel<Doc, Key>, keys: readonly (Key & KeyInput)[], options?: ReadOptions): Promise<(Doc | null)[]>;
  /** The same documents as bytes. */
  rawMany(model: ReadModel, keys: readonly KeyInput[], options?: ReadOptions): Promise<(RawDocument | null)[]>;
  /** A page of a list's partition (none for a list without partitions). Throws E_CURSOR, E_KEY. */
  list<Doc>(list: ListModel<Doc>, partition?: Partition | null, options?: ListOptions): Promise<Page<Doc>>;
  /** The same page as bytes. */
  rawList(list: ListModel, partition?: Partition | null, options?: ListOptions): Promise<RawPage>;
  /**
   * The document now, then each newer version as it is written, null while there is none. Who is slow is given the newest, and nothing
   * is kept for them meanwhile. Goes on through all that befalls Redis; ends with its signal, with the loop over it, and with the reader.
   */
  watch<Doc, Key>(
    model: ReadModel<Doc, Key>,
    key: Key & KeyInput,
    options?: WatchOptions,
  ): AsyncIterableIterator<Doc | null, void, undefined>;
  /** The same as bytes. */
  rawWatch(model: ReadModel, key: KeyInput, options?: WatchOptions): AsyncIterableIterator<RawDocument | null, void, undefined>;
  /**
   * The bytes of a document of this key, as `raw` gave it, compressed: made once for each version and kept. Of exactly the version of
   * the document that is given, whatever was written since.
   */
  compressed(model: ReadModel, key: KeyInput, document: RawDocument, encoding: TwinEncoding): Promise<Buffer>;
  /**
   * A reader that is bound to one tenant of the read models with `tenantBy`: it adds the tenant to every key and partition, and gives
   * away nothing that does not say it is that tenant's. Throws E_TENANT, as its verbs do.
   */
  forTenant(tenant: KeyValue): Reader;
  /** What reads came to so far, by read model and tier: answers, misses, waits, errors, and how long answers took. Asks no server. */
  stats(): ReaderStats;
}

type Known = { readonly compiled: CompiledModel; readonly hash: string; readonly transform: Transform | null };

type Parts = ReadParts & { readonly generations: Generations; readonly watches: Watches };

/**
 * A reader on open connections. `parts` is asked for at every read: it gives a promise while it opens them at the first, and
 * them at once from then on, since a read from Redis is so short that each turn of the event loop counts.
 */
export function readerOn(parts: () => Parts | Promise<Parts>, casing: Casing | undefined, stats: ReadStats): Reader {
  const compiledModels = new WeakMap<AnyModel, Known>();
  const twins = new Twins();
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

  const watched = (model: ReadModel, key: KeyInput, { after = null }: WatchOptions = {}) =>
    async function* (ending: Ending): AsyncGenerator<RawDocument | null, void, undefined> {
      const { compiled, transform } = known(model);
      const text = encodeKey(model.name, compiled.key, key);
      const open = await parts();
      yield* open.watches.watch({ generation: await generationOf(open.generations, model), key: text, transform }, after, ending);
    };

  const reader: Reader = {
    async get(model, key, options) {
      const found = await reader.raw(model as ReadModel, key, options);
      return found && JSON.parse(found.body.toString());
    },
    async raw(model, key, options) {
      const { compiled, hash, transform } = known(model);
      const freshness = freshnessOf(options);
      const text = encodeKey(model.name, compiled.key, key);
      const opening = parts();
      const open = opening instanceof Promise ? await opening : opening;
      const generation = open.generations.remembered(model.name, hash) ?? (await generationOf(open.generations, model));
      if (freshness) return (await readFreshDocuments(open, generation, [text], freshness, transform))[0] ?? null;
      const held = recall(open, generation, text);
      // Awaited here: to return its promise would take two turns more, on the path of every read.
      const document = held === undefined ? await readDocument(open, generation, text, transform) : held;
      return document;
    },
    async getMany(model, keys, options) {
      const found = await reader.rawMany(model as ReadModel, keys, options);
      return found.map((document) => document && JSON.parse(document.body.toString()));
    },
    async rawMany(model, keys, options) {
      if (keys.length > maxPage)
        throw new EverwarmError('E_KEY', `getMany of ${model.name} was given ${keys.length} keys; it takes at most ${maxPage}.`);
      const { compiled, hash, transform } = known(model);
      const freshness = freshnessOf(options);
      const texts = keys.map((key) => encodeKey(model.name, compiled.key, key));
      const opening = parts();
      const open = opening instanceof Promise ? await opening : opening;
      const generation = open.generations.remembered(model.name, hash) ?? (await generationOf(open.generations, model));
      if (freshness) return readFreshDocuments(open, generation, texts, freshness, transform);
      return recallDocuments(open, generation, texts, (missing) => readDocuments(open, generation, missing, transform));
    },
    async list(list, partition, options) {
      const { items, next, previous, total } = await reader.rawList(list, partition, options);
      return { items: items.map((item) => JSON.parse(item.body.toString())), next, previous, total };
    },
    async rawList(list, partition, { limit = 20, after = null, before = null, afterToken, ...wish } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > maxPage)
        throw new EverwarmError('E_CURSOR', `The limit ${limit} of a page of ${list.name} is not a whole number from 1 to ${maxPage}.`);
      if (after !== null && before !== null)
        throw new EverwarmError('E_CURSOR', `A page of ${list.name} was asked for both after and before a cursor. Give one of them.`);
      const freshness = freshnessOf({ ...wish, after: afterToken });
      const { compiled, hash } = known(list);
      const text = partitionText(list.name, compiled, partition ?? null);
      // Before anybody is asked: a cursor that somebody made up costs no store anything.
      const memberOf = (cursor: string) => decodeCursor(list.name, { hash, partition: text }, cursor);
      const place: Place =
        after !== null ? { side: 'after', member: memberOf(after) } : before !== null ? { side: 'before', member: memberOf(before) } : null;
      const open = await parts();
      const { generations } = open;
      const own = generations.remembered(list.name, hash) ?? (await generationOf(generations, list));
      const { hash: itemHash, transform } = known(list.item);
      const item = generations.remembered(list.item.name, itemHash) ?? (await generationOf(generations, list.item));
      return readPage(open, { list: own, partition: text }, item, { limit, place, transform, freshness });
    },
    watch: (model, key, options) =>
      watching(watched(model as ReadModel, key, options), (found) => found && JSON.parse(found.body.toString()), options),
    rawWatch: (model, key, options) => watching(watched(model, key, options), (found) => found, options),
    async compressed(model, key, document, encoding) {
      const { compiled } = known(model);
      const text = encodeKey(model.name, compiled.key, key);
      const open = await parts();
      const { id } = await generationOf(open.generations, model);
      return twins.of(open, { generation: id, key: text, encoding }, document);
    },
    forTenant: (tenant) => tenantReader(reader, tenant, (model) => known(model).compiled),
    stats: () => stats.read(),
  };
  return reader;
}

function partitionText(name: string, { list }: CompiledModel, partition: Partition | null): string {
  if (list?.tenant) return tenantPartition(name, list, partition);
  if (typeof partition === 'object' && partition !== null)
    throw new EverwarmError(
      'E_KEY',
      `The list ${name} is not one of tenants, and was asked for one's partition. Give the partition alone.`,
    );
  if (list?.partition == null) {
    if (partition !== null)
      throw new EverwarmError('E_KEY', `The list ${name} has no partitions, and was asked for one. Leave the partition out.`);
    return '';
  }
  return keyText(name, list.partition, partition);
}

/** The text of a tenant's partition, as the SQL of its list writes it. */
function tenantPartition(name: string, { tenant, partition: column }: NonNullable<CompiledModel['list']>, given: Partition | null): string {
  const { tenant: whose, partition = null } = typeof given === 'object' && given !== null ? given : { tenant: undefined };
  if (tenant === undefined || whose === undefined)
    throw new EverwarmError('E_KEY', `The list ${name} is one of tenants. Ask reader.forTenant(tenant), or give { tenant, partition }.`);
  const text = keyText(name, tenant, whose);
  if (column !== null) return JSON.stringify([text, keyText(name, column, partition)]);
  if (partition !== null)
    throw new EverwarmError('E_KEY', `The list ${name} has no partitions but its tenants, and was asked for one. Leave the partition out.`);
  return text;
}
