import type { Random } from '@everwarm/testkit';
import { fill, type Making, randomStatement } from './random-statements.ts';
import type { Write } from './writes.ts';

/** What is done inside a transaction. A block is a savepoint that is kept or rolled back. */
export type Part = Write | { readonly block: readonly Write[]; readonly keep: boolean };

/** How a transaction ends; a prepared one is ended in a later step, under its id. */
export type Ending = 'commit' | 'rollback' | { readonly prepare: string };

/** A transaction as data, so that it can be printed and played again. */
export type Transaction = {
  readonly isolation: string;
  readonly settings: readonly string[];
  readonly parts: readonly Part[];
  readonly ending: Ending;
  /** Whether it writes the documents itself of what is inline, as its last statement. */
  readonly inline?: boolean;
};

/** One step of a history: transactions that run at the same time and commit in this order, then ends of prepared ones. */
export type Step = {
  readonly transactions: readonly Transaction[];
  /** Positions in `transactions`, in the order of their commits. */
  readonly order: readonly number[];
  /** Positions in `transactions`, one for each of their parts: whose next part is done when. Without it all of them run at once. */
  readonly turns?: readonly number[];
  readonly resolve: readonly { readonly id: string; readonly commit: boolean }[];
  /** Read models of which something changes that no table holds, said afterwards by code or by SQL. */
  readonly touches?: readonly { readonly model: string; readonly by: 'code' | 'sql' }[];
  /** Read models of which some documents are evicted while the transactions go on. */
  readonly evicts?: readonly string[];
  /** The release whose code comes while the transactions go on; not while something is prepared. */
  readonly release?: 'first' | 'later' | null;
};

/** What a history may do besides writing. */
export type Doings = {
  readonly touched: readonly string[];
  readonly releases: boolean;
  /** Whether some read models are inline. */
  readonly inline: boolean;
  readonly evicted: readonly string[];
};

const oddSettings: readonly (readonly string[])[] = [
  ["timezone = 'Asia/Kathmandu'", "datestyle = 'German, DMY'"],
  ["intervalstyle = 'iso_8601'", 'extra_float_digits = -10'],
  ["bytea_output = 'escape'", "datestyle = 'SQL, MDY'", "timezone = 'America/St_Johns'"],
  ["intervalstyle = 'sql_standard'", "datestyle = 'Postgres, YMD'"],
  ["session_replication_role = 'replica'"],
  ["search_path = ''", 'quote_all_identifiers = on'],
];

/** The first step: some rows in every table, whatever they refer to. */
export function fillingStep(making: Making): Step {
  const parts = making.tables.flatMap((table) => Array.from({ length: 6 }, () => fill(making, table)));
  const settings = ["session_replication_role = 'replica'"];
  return { transactions: [{ isolation: 'read committed', settings, parts, ending: 'commit' }], order: [0], resolve: [] };
}

/** Makes a history step by step; `name` begins the ids of prepared transactions, `prepared` are those still open. */
export function randomStep(making: Making & Doings, name: string, prepared: ReadonlySet<string>): Step {
  const { random } = making;
  const count = random.chance(0.6) ? 1 : random.integer(2, 4);
  const transactions = Array.from({ length: count }, (_, index) => randomTransaction(making, `${name}-${index}`));
  const evicts = making.evicted.filter(() => random.chance(0.3));
  const touches = making.touched.filter(() => random.chance(0.3)).map((model) => ({ model, by: random.pick(['code', 'sql'] as const) }));
  return {
    transactions,
    order: random.shuffle(transactions.map((_, index) => index)),
    ...(count > 1 && random.chance(0.6) && { turns: random.shuffle(transactions.flatMap(({ parts }, index) => parts.map(() => index))) }),
    resolve: [...prepared].filter(() => random.chance(0.5)).map((id) => ({ id, commit: random.chance(0.7) })),
    ...(touches.length > 0 && { touches }),
    ...(evicts.length > 0 && { evicts }),
    ...(making.releases && random.chance(0.3) && { release: random.pick(['first', 'later', 'later'] as const) }),
  };
}

function randomTransaction(making: Making & Doings, id: string): Transaction {
  const { random } = making;
  const isolation = random.chance(0.8) ? 'read committed' : random.pick(['repeatable read', 'serializable']);
  const settings = random.chance(0.4) ? random.pick(oddSettings) : [];
  const parts = Array.from({ length: random.integer(1, 4) }, () => randomPart(making));
  const wanted = ending(random, id);
  // A truncate that stays prepared would keep everybody from reading the table, the oracle too.
  const truncates = parts.some((part) => ('do' in part ? [part] : part.block).some((write) => write.do === 'truncate'));
  const end = truncates && typeof wanted !== 'string' ? 'commit' : wanted;
  const inline = making.inline && end === 'commit' && random.chance(0.7);
  return { isolation, settings, parts, ending: end, ...(inline && { inline }) };
}

function randomPart(making: Making): Part {
  const { random } = making;
  if (random.chance(0.8)) return randomStatement(making);
  return { block: Array.from({ length: random.integer(1, 3) }, () => randomStatement(making)), keep: random.chance(0.4) };
}

function ending(random: Random, id: string): Ending {
  if (random.chance(0.08)) return 'rollback';
  return random.chance(0.06) ? { prepare: id } : 'commit';
}
