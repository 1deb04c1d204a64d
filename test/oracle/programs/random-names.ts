import type { Random } from '@everwarm/testkit';
import type { Swarm } from './features.ts';

const plainNames = [
  'item',
  'owner',
  'label',
  'note',
  'parent',
  'rank',
  'state',
  'total',
  'kindOf',
  'createdAt',
  'groupId',
  'part_no',
  'lastSeen',
  'size',
];
/** Words of SQL and of the engine's own statements, and everything that quoting has to survive. */
const oddNames = [
  'select',
  'order',
  'user',
  'key',
  'doc',
  'partition',
  'member',
  'k',
  'c',
  't0',
  't1',
  'v0',
  'o',
  'n',
  'd',
  'm',
  'v',
  'r',
  't',
  'oldtab',
  'newtab',
  'changed',
  'change',
  'vals',
  'mask',
  'source',
  'slot',
  'new',
  'old',
  'tg_op',
  'entries',
  'membership',
  'value',
  'position',
  'constructor',
  'Mixed Case',
  'with space',
  ' ',
  'say "hi"',
  "it's",
  'back\\slash',
  'a.b',
  'a,b',
  '$1',
  '%s',
  '{1}',
  'ünïcödé',
  '🐘',
  'new\nline',
  ':x',
  '--',
  '/*',
  'null',
  '🐘'.repeat(15),
  'x'.repeat(63),
  `${'y'.repeat(62)}z`,
];
const schemaNames = ['Elsewhere', 'every thing', 'order', 'schéma', 'a.b'];

/** Draws names that are all different. */
export type Names = {
  /** A property of a table, a column or a relation. */
  readonly property: () => string;
  /** A name in the database, or null where the property is to give it. */
  readonly stored: () => string;
  readonly schema: () => string;
};

/** Names for one program, or one table: the plain ones first where no odd ones are wanted. */
export function randomNames(random: Random, swarm: Swarm): Names {
  const taken = new Set<string>();
  const fresh = (pool: readonly string[]): string => {
    const wanted = random.pick(pool);
    let [name, count] = [wanted, 1];
    while (taken.has(name)) name = `${Buffer.byteLength(wanted) > 59 ? 'long' : wanted}${++count}`;
    taken.add(name);
    return name;
  };
  const odd = () => swarm('odd names') && random.chance(0.5);
  return {
    property: () => fresh(swarm('casing') || !odd() ? plainNames : oddNames),
    stored: () => fresh(odd() ? oddNames : plainNames),
    schema: () => random.pick(schemaNames),
  };
}
