import type { CompiledModel, Generation } from '#contracts/compiled.ts';
import { durationMs } from '#contracts/duration.ts';
import { encodeKey, type KeyInput } from '#contracts/key.ts';
import type { AnyModel, ReadModel } from '#model/declare/define.ts';
import { logOperation } from '#operations/operator-log.ts';
import { checkEvictable, type EvictParts, evictKeys } from './evict-keys.ts';
import { evictWhere, type KeyPrefix, prefixText } from './evict-where.ts';
import { expireAfter } from './expire-after.ts';

/**
 * The classic verbs of a cache. An evicted document is gone from both stores when the call resolves, and no write that is older can
 * bring it back; the next reader is answered from the sources. Where Redis is away, it is told when it returns, and nobody believes it
 * before that. What is not lazy comes back by itself, derived anew. Lists cannot be evicted: E_DEFINITION.
 */
export interface EvictVerbs {
  /** Takes one document away. Resolves to whether there was one. Throws E_KEY, E_NOT_MIGRATED. */
  evict<Key>(model: ReadModel<unknown, Key> | string, key: Key & KeyInput): Promise<boolean>;
  /** Takes several away. Resolves to how many there were. */
  evictMany<Key>(model: ReadModel<unknown, Key> | string, keys: readonly (Key & KeyInput)[]): Promise<number>;
  /** Takes all away whose key begins so: a text, or the first columns of a composite key, a namespace. Resolves to how many there were. */
  evictWhere(model: ReadModel | string, prefix: KeyPrefix): Promise<number>;
  /** Takes all documents of a read model away. Resolves to how many there were. */
  clear(model: ReadModel | string): Promise<number>;
  /**
   * Has documents expire this long from now (`'10m'`, or milliseconds), whether they change before or not: a lazy one is evicted then,
   * any other derived anew, within a fraction of a second. A leader must run. Throws E_CONFIG, E_KEY.
   */
  expireAfter<Key>(model: ReadModel<unknown, Key> | string, keys: readonly (Key & KeyInput)[], after: string | number): Promise<void>;
}

/** What the verbs stand on: a declaration and the live generations of a read model by its name, or E_UNKNOWN_MODEL, E_NOT_MIGRATED. */
export type EvictVerbParts = EvictParts & {
  readonly declared: (model: AnyModel | string) => CompiledModel;
  readonly live: (model: AnyModel | string) => Promise<readonly Generation[]>;
  /** Resolves when this process's own reader has heard of all that was written to Redis so far. Never rejects. */
  readonly heard: () => Promise<void>;
};

/** The verbs over one database and Redis. What is evicted by a rule and not by its key stands in the operator log. */
export function evictVerbs(parts: EvictVerbParts): EvictVerbs {
  const { declared } = parts;
  const live = async (model: AnyModel | string) => checkEvictable(await parts.live(model));
  const texts = (model: AnyModel | string, keys: readonly KeyInput[]) => {
    const { name, key: columns } = declared(model);
    return keys.map((key) => encodeKey(name, columns, key));
  };
  const told = async (evicting: Promise<number>) => {
    const evicted = await evicting;
    await parts.heard();
    return evicted;
  };
  const many = async (model: AnyModel | string, keys: readonly KeyInput[]) => {
    const checked = texts(model, keys);
    return told(evictKeys(parts, await live(model), checked));
  };
  return {
    evict: async (model, key) => (await many(model as AnyModel | string, [key])) > 0,
    evictMany: (model, keys) => many(model as AnyModel | string, keys),
    async evictWhere(model, prefix) {
      const { name, key } = declared(model);
      const text = prefixText(name, key, prefix);
      const generations = await live(model);
      await logOperation(parts.db, { verb: 'evict', args: { model: name, prefix: text } });
      return told(evictWhere(parts, generations, text));
    },
    async expireAfter(model, keys, after) {
      const [checked, ms] = [texts(model as AnyModel | string, keys), durationMs(after, 'expireAfter')];
      await expireAfter(parts.db, await live(model as AnyModel | string), checked, ms);
    },
    async clear(model) {
      const { name } = declared(model);
      const generations = await live(model);
      await logOperation(parts.db, { verb: 'clear', args: { model: name } });
      return told(evictWhere(parts, generations, ''));
    },
  };
}
