import type { CompiledModel, KeyColumn } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { type KeyInput, maxKeyLength } from '#contracts/key.ts';
import { keyOfText } from '#contracts/key-text.ts';
import type { AnyModel, ListModel, ReadModel } from '#model/declare/define.ts';

/** Where one document of a read model is read, and followed at `<path>/live` unless `live` is false. */
export type DocumentRoute = { readonly kind: 'document'; readonly path: string; readonly model: ReadModel; readonly live: boolean };

/** Where pages of a list are read: `limit` documents unless the request says otherwise, and never more than `maxLimit`. */
export type ListRoute = {
  readonly kind: 'list';
  readonly path: string;
  readonly list: ListModel;
  readonly limit: number;
  readonly maxLimit: number;
};

/** One line of the table of routes. Made by {@link documentRoute}, {@link listRoute} or {@link routesOf}. */
export type Route = DocumentRoute | ListRoute;

/** The parameters of a path, as they stand in it, decoded. */
export type Params = Readonly<Record<string, string | undefined>>;

/**
 * A document's route. The path has one parameter, which is the key (for a key of several columns a JSON array of them), or one for
 * each column of the key, by its name: `/orders/:orderId/lines/:number`. Throws E_CONFIG.
 */
export function documentRoute(path: string, model: ReadModel, { live = true }: { readonly live?: boolean } = {}): DocumentRoute {
  const names = paramsOf(path);
  if (names.length === 0) throw wrong(path, `has no parameter for the key of ${model.name}. Add one, as in "/${model.name}/:key"`);
  return { kind: 'document', path, model, live };
}

/**
 * A list's route. The path has one parameter, the partition, or none where the list has no partitions. `limit` and `maxLimit` are
 * 20 and 100 unless said otherwise. Throws E_CONFIG.
 */
export function listRoute(
  path: string,
  list: ListModel,
  { limit = 20, maxLimit = 100 }: { readonly limit?: number; readonly maxLimit?: number } = {},
): ListRoute {
  if (paramsOf(path).length > 1) throw wrong(path, `has several parameters; a list takes one, the partition of ${list.name}`);
  const isCount = (count: number) => Number.isInteger(count) && count >= 1 && count <= 1000;
  if (!isCount(limit) || !isCount(maxLimit) || limit > maxLimit)
    throw wrong(path, 'needs "limit" and "maxLimit" as whole numbers from 1 to 1000, the first not above the second');
  return { kind: 'list', path, list, limit, maxLimit };
}

/** A route for each of these under its own name: `/post_detail/:key`, `/category_posts/:partition`, `/front_page`. */
export function routesOf(models: readonly AnyModel[]): Route[] {
  return models.map((model) => {
    if (model.kind === 'document') return documentRoute(`/${model.name}/:key`, model);
    return listRoute(hasPartitions(model.compile()) ? `/${model.name}/:partition` : `/${model.name}`, model);
  });
}

/** The names of a path's parameters, in their order. Throws E_CONFIG for a path that not every router would read in the same way. */
function paramsOf(path: string): string[] {
  if (!/^(\/(:[A-Za-z]\w*|[\w.~-]+))+$/.test(path))
    throw wrong(path, 'is not a path of plain segments and parameters, as in "/posts/:id/card"');
  const names = path.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []));
  if (new Set(names).size < names.length) throw wrong(path, 'names two parameters alike');
  return names;
}

/** Whether pages of a list are asked for by a partition. */
function hasPartitions({ list }: CompiledModel): boolean {
  return list?.partition != null;
}

/**
 * How a document's key is made of the parameters of its path. What it gives throws E_KEY for what can be no key; its values are for
 * the reader to check. Throws E_CONFIG where the path does not name the key's columns.
 */
export function keyOf({ path, model }: DocumentRoute, columns: readonly KeyColumn[]): (params: Params) => KeyInput {
  const names = paramsOf(path);
  const [only = ''] = names;
  if (names.length === 1) return (params) => plainKey(model.name, keyOfText(model.name, columns, plainText(model.name, params[only])));
  const missing = columns.filter(({ property }) => !names.includes(property));
  if (missing.length > 0 || names.length !== columns.length)
    throw wrong(
      path,
      `must have one parameter, or exactly those of the key of ${model.name}: ${columns.map((c) => `:${c.property}`).join(', ')}`,
    );
  return (params) => Object.fromEntries(columns.map(({ property }) => [property, plainText(model.name, params[property])]));
}

/** How a page's partition is made of the parameters of its path; null for a list without partitions. Throws E_CONFIG where the two do not agree. */
export function partitionOf({ path, list }: ListRoute): (params: Params) => string | null {
  const [name] = paramsOf(path);
  if (hasPartitions(list.compile()) !== (name !== undefined))
    throw wrong(
      path,
      `${name === undefined ? 'has no parameter for the partition' : 'has a parameter, and there are no partitions'} of ${list.name}`,
    );
  return name === undefined ? () => null : (params) => plainText(list.name, params[name]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/;

/** A key as JSON may hide in escapes what its text does not show. */
function plainKey(model: string, key: KeyInput): KeyInput {
  if (typeof key === 'object') for (const value of Object.values(key)) if (typeof value === 'string') plainText(model, value);
  return key;
}

/** Text of a path that may be part of a key: one with line breaks and the like, or of kilobytes, is a mistake or an attack, and no store shall see it. */
function plainText(model: string, text: string | undefined): string {
  if (text !== undefined && text !== '' && text.length <= maxKeyLength && !control.test(text)) return text;
  throw new EverwarmError(
    'E_KEY',
    `The key for ${model} is empty, longer than ${maxKeyLength} characters, or holds control characters, which no path may.`,
    { context: { model } },
  );
}

function wrong(path: string, what: string): EverwarmError {
  return new EverwarmError('E_CONFIG', `The route ${JSON.stringify(path)} ${what}.`, { context: { path } });
}
