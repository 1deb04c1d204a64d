import { projectionTable } from '#contracts/names.ts';
import { versionLength } from '#contracts/version.ts';
import type { PartitionFloor } from './floors.ts';

/** More owed keys of one list than this are not looked through for those of one partition. */
const mostOwed = 1000;

/** What a page from Postgres says of the keys of its list that are on their way to Redis: `inflight` are their entries in this partition. */
export type PageFloorRow = {
  readonly owed: number;
  readonly inflight: readonly string[] | null;
  readonly drawn: string;
};

/** Further columns of a page's statement, a {@link PageFloorRow}; `$1` is the partition. Version, member and key of each entry are one text. */
export function pageFloorSql(list: number): string {
  const owed = `(select l.key from everwarm.ledger l where l.generation = ${list}
    union all select q.key from everwarm.quarantine q where q.generation = ${list} limit ${mostOwed + 1})`;
  return `, (select count(*)::integer from ${owed} o) as owed,
  array(select p.version || coalesce('m' || encode(p.member, 'hex'), 'g') || ' ' || p.key from ${owed} o
    join everwarm.${projectionTable(list)} p on p.partition = $1 and p.key = o.key) as inflight,
  (select last_value::text from everwarm.version_seq) as drawn`;
}

/** The floor under a partition that was shown from Postgres; null where Redis has all of it. */
export function floorOfPage({ owed, inflight, drawn }: PageFloorRow, informed: boolean, counted: boolean): PartitionFloor | null {
  if (owed === 0 && informed) return null;
  // Nobody can tell which entries Redis lacks: too many are owed, or the ledger alone does not say.
  if (owed > mostOwed || !informed) return { entries: null, ticket: null };
  if (!inflight || inflight.length === 0) return null;
  const entries = new Map<string, { version: string; member: Buffer | null }>();
  for (const text of inflight) {
    const end = text.indexOf(' ', versionLength);
    const member = text[versionLength] === 'm' ? Buffer.from(text.slice(versionLength + 1, end), 'hex') : null;
    entries.set(text.slice(end + 1), { version: text.slice(0, versionLength), member });
  }
  // A count's ticket is drawn before its snapshot: one that was drawn after this page's snapshot has counted what it shows.
  return { entries, ticket: counted ? (BigInt(drawn) + 1n).toString().padStart(19, '0') : null };
}

/**
 * Whether what Redis holds of a partition is not below its floor. `facts` are depth, count and floor of its record of entries, `held`
 * that record for each entry of the floor, in order: version and member, read in one transaction with the page.
 */
export function isAbove(
  { entries, ticket }: PartitionFloor,
  [depth, count, forgotten]: readonly (Buffer | null | undefined)[],
  held: readonly (Buffer | null)[],
): boolean {
  if (entries === null || !depth) return false;
  if (ticket !== null && (!count || count.toString('latin1', 0, ticket.length) < ticket)) return false;
  return [...entries.values()].every(({ version, member }, index) => {
    const record = held[index];
    if (record) return record.toString('latin1', 0, versionLength) >= version;
    // What is not recorded is not shown. That is right for what is gone or lies deeper, if it was forgotten and not yet to come.
    const isHidden = member === null || (depth.length > 0 && Buffer.compare(member, depth) > 0);
    return isHidden && forgotten !== undefined && forgotten !== null && forgotten.toString('latin1') >= version;
  });
}
