import { EverwarmError } from '#contracts/errors.ts';
import type { Inlined, LeftReason } from '#contracts/inlined.ts';
import { type InlineClient, messageOf, sendTogether, sqlStateOf } from './callers-client.ts';
import { inlineRefusals } from './dispatch-sql.ts';

/** How much a transaction may write inline, and how long it may wait for it. */
export type InlineLimits = {
  /** The most documents and entries. */
  readonly keys: number;
  /** The largest document, in bytes. */
  readonly bytes: number;
  /** How long each lock of documents that somebody else is writing is waited for, in milliseconds. */
  readonly waitMs: number;
};

/** A document or entry that the transaction has written, or found to be as it should be. */
export type InlineRow = {
  readonly generation: number;
  readonly model: string;
  readonly partition: string | null;
  readonly key: string;
  readonly member: Buffer | null;
  readonly doc: string | null;
  readonly version: string;
  readonly asOf: number;
};

/** What one call of `everwarm.inline` said. */
export type InlineAnswer = {
  /** The transaction, where it has written anything. */
  readonly xid: string | null;
  /** The ordinal of the epoch that the versions are of. */
  readonly epoch: number | null;
  /** How many changes had been captured by then. */
  readonly changes: number;
  readonly rows: readonly InlineRow[];
  readonly left: Inlined['left'];
};

/** Fails outside of a transaction, with 25P01, and does nothing inside of one. */
const insideTransaction = ['savepoint everwarm_inline', 'release savepoint everwarm_inline'];

/**
 * Writes what the client's transaction has changed of inline read models, as its last step, in one round trip. `isInside` says that the
 * caller knows of a transaction. Throws E_INLINE where a rule is broken, E_NOT_MIGRATED; in these cases, and where the statement fails, the
 * transaction can only be rolled back.
 */
export async function writeInline(client: InlineClient, { keys, bytes, waitMs }: InlineLimits, isInside: boolean): Promise<InlineAnswer> {
  const rows = await sendTogether(client, [
    ...(isInside ? [] : insideTransaction),
    // What is left to the commit may lock or change rows: afterwards nothing may.
    'set constraints all immediate',
    `select * from everwarm.inline(${Math.trunc(keys)}, ${Math.trunc(bytes)}, ${Math.trunc(waitMs)})`,
  ]).catch((error: unknown) => Promise.reject(refusal(error)));
  const [summary, ...rest] = rows as readonly AnswerRow[];
  return {
    xid: summary?.key ?? null,
    epoch: summary?.version ? Number(summary.version) : null,
    changes: Number(summary?.detail ?? 0),
    rows: rest.filter(({ problem }) => problem === null).map(toRow),
    left: rest.flatMap(({ model, problem, detail }) => (problem === null ? [] : [{ model: model ?? '', reason: problem, code: detail }])),
  };
}

/** What an answer says to whoever began the transaction. Generations of one read model that are both read are told of as one. */
export function inlinedOf({ rows, left }: InlineAnswer): Inlined {
  const written = new Map<string, Set<string>>();
  for (const { model, key } of rows) written.set(model, (written.get(model) ?? new Set()).add(key));
  const once = new Map(left.map((one) => [JSON.stringify(one), one]));
  return { written: [...written].map(([model, keys]) => ({ model, keys: [...keys] })), left: [...once.values()] };
}

type AnswerRow = {
  readonly generation: number | null;
  readonly model: string | null;
  readonly partition: string | null;
  readonly key: string | null;
  readonly member: Buffer | Uint8Array | string | null;
  readonly doc: string | null;
  readonly version: string | null;
  readonly as_of: number | null;
  readonly problem: LeftReason | null;
  readonly detail: string | null;
};

function toRow({ generation, model, partition, key, member, doc, version, as_of }: AnswerRow): InlineRow {
  return {
    generation: generation ?? 0,
    model: model ?? '',
    partition,
    key: key ?? '',
    member: bytesOf(member),
    doc,
    version: version ?? '',
    asOf: Number(as_of ?? 0),
  };
}

/** Some drivers leave bytes as text. */
function bytesOf(member: AnswerRow['member']): Buffer | null {
  if (member === null) return null;
  return typeof member === 'string' ? Buffer.from(member.replace(/^\\x/, ''), 'hex') : Buffer.from(member);
}

const outside =
  'everwarm.inline was called outside of a transaction, where every statement commits by itself. Call it on the connection of a transaction, as its last statement.';

function refusal(error: unknown): Error {
  const state = sqlStateOf(error);
  if (state === inlineRefusals.isolation || state === inlineRefusals.again)
    return new EverwarmError('E_INLINE', messageOf(error), { cause: error });
  if (state === '25P01') return new EverwarmError('E_INLINE', outside, { cause: error });
  if (state === '42501')
    return new EverwarmError(
      'E_INLINE',
      `The role of this transaction may not write documents inline: ${messageOf(error)}. Grant it: grant usage on schema everwarm to ROLE; grant execute on function everwarm.inline to ROLE.`,
      { cause: error },
    );
  if (state === '42883' || state === '3F000')
    return new EverwarmError('E_NOT_MIGRATED', 'This database cannot write documents inline yet. Run everwarm migrate.', { cause: error });
  return error instanceof Error ? error : new EverwarmError('E_POSTGRES', String(error));
}
