import type { TableFacts } from './facts.ts';

/** The part of a table's facts that is remembered, to tell later whether something happened that no trigger saw. */
export type Fingerprint = {
  readonly relation: string | null;
  readonly columns: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, string>>;
};

/** What is to be remembered of these facts; of a table that is not there any more, which one it was. */
export function fingerprintOf({ relation, columns, labels, members }: TableFacts, known: string | null = null): Fingerprint {
  return {
    relation: relation ?? known,
    columns: mapValues(columns, (column) => `${column.number} ${column.type}`),
    labels,
    members: mapValues(members, ({ file, triggers }) =>
      JSON.stringify([file, ...Object.entries(triggers).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
    ),
  };
}

/**
 * Whether rows, or what their values print as, may have changed unseen between the two: another table under the name, a column
 * replaced or of another type, rows written anew, an enum's label renamed, a partition that came or went, a trigger switched or replaced.
 * A column newly watched or a label added changes nothing that is stored.
 */
export function changedUnseen(before: Fingerprint, now: Fingerprint): boolean {
  return (
    before.relation !== now.relation ||
    differs(before.columns, now.columns) ||
    differs(before.labels, now.labels) ||
    differs(before.members, now.members) ||
    Object.keys(now.members).length !== Object.keys(before.members).length
  );
}

function differs(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): boolean {
  return Object.entries(before).some(([name, value]) => now[name] !== value);
}

function mapValues<Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
