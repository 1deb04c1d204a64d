import type { CompiledModel } from '#contracts/compiled.ts';
import type { Transactions } from '#contracts/database.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { encodeKey, type KeyInput } from '#contracts/key.ts';
import {
  type Chosen,
  type DecideOptions,
  discardQuarantined,
  listQuarantined,
  type QuarantinedKey,
  retryQuarantined,
} from './quarantine.ts';

/** Which quarantined keys: of all read models, of one, or these of one. */
export type QuarantineChoice = { readonly model?: string | undefined; readonly keys?: readonly KeyInput[] | undefined };

/** Keys that fail by their own value, set apart: their last good documents stay served, and everything else goes on. */
export interface Quarantine {
  /** The quarantined keys, the oldest first, at most 10,000. */
  list(choice?: QuarantineChoice): Promise<readonly QuarantinedKey[]>;
  /** Has them tried once more, now. Returns how many. A newer change of a key has it tried in any case. */
  retry(choice?: QuarantineChoice, options?: DecideOptions): Promise<number>;
  /** Takes them out as they are: their last good documents, if any, stay until something changes them. Returns how many. */
  discard(choice?: QuarantineChoice, options?: DecideOptions): Promise<number>;
}

/** The verbs over one database. `declared` finds a read model by its name, or throws E_UNKNOWN_MODEL. Keys are checked: E_KEY. */
export function quarantineOf(db: Transactions, declared: (model: string) => CompiledModel): Quarantine {
  const chosen = ({ model, keys }: QuarantineChoice): Chosen => {
    if (model === undefined) {
      if (keys !== undefined) throw new EverwarmError('E_USAGE', 'Keys are those of one read model. Name it.');
      return {};
    }
    const { name, key: columns } = declared(model);
    return { model: name, keys: keys?.map((key) => encodeKey(name, columns, key)) };
  };
  return {
    list: async (choice = {}) => listQuarantined(db, chosen(choice)),
    retry: async (choice = {}, options) => retryQuarantined(db, chosen(choice), options),
    discard: async (choice = {}, options) => discardQuarantined(db, chosen(choice), options),
  };
}
