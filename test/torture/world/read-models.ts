import { sql } from 'drizzle-orm';
import { defineList, defineReadModel } from 'everwarm';
import { schema } from './schema.ts';

/** How many entries of its log a vessel shows. */
export const shownEntries = 6;

/** What a manifest says that no transform can read. */
export const poison = 'illegible';

/** A vessel with all that its seal speaks of, and its fleet's name. */
export const vesselSheet = defineReadModel(schema, 'vessels', {
  name: 'vessel_sheet',
  columns: { fleet: true, hullNo: true, life: true, stamp: true, seal: true, dock: true, draft: true, cargo: true },
  with: {
    inFleet: { columns: { code: true, name: true, stamp: true } },
    tanks: { columns: { side: true, level: true }, orderBy: (t, { asc }) => asc(sql`${t.side} collate "C"`) },
    entries: { columns: { n: true, words: true }, orderBy: (e, { desc }) => desc(e.n), limit: shownEntries },
  },
  aggregates: (a) => ({ ballast: a.sum('tanks', 'level'), logged: a.count('entries') }),
});

/** The vessels in a dock, deepest first. */
export const dockRoll = defineList(vesselSheet, {
  name: 'dock_roll',
  partitionBy: 'dock',
  where: (v, { isNotNull }) => isNotNull(v.dock),
  orderBy: (v, { desc }) => [desc(v.draft)],
  count: true,
});

/** The vessels of a fleet, of which Redis holds the first ones. */
export const fleetRoll = defineList(vesselSheet, {
  name: 'fleet_roll',
  partitionBy: 'fleet',
  orderBy: (v, { asc, desc }) => [asc(v.draft), desc(v.hullNo)],
  keep: 20,
});

/** A fleet with all of its vessels, counted and summed twice: by aggregates, and by whoever reads the list. */
export const fleetBoard = defineReadModel(schema, 'fleets', {
  name: 'fleet_board',
  columns: { code: true, name: true, stamp: true },
  with: { vessels: { columns: { hullNo: true, life: true, cargo: true } } },
  aggregates: (a) => ({ vesselCount: a.count('vessels'), cargo: a.sum('vessels', 'cargo') }),
});

/** A convoy with both of its vessels' sheets inside. */
export const convoySheet = defineReadModel(schema, 'convoys', {
  name: 'convoy_sheet',
  columns: { id: true, cargo: true },
  with: { lead: vesselSheet, tail: vesselSheet },
});

/** A signal for as long as it is up. */
export const signalCard = defineReadModel(schema, 'signals', {
  name: 'signal_card',
  where: (s, { gt }) => gt(s.lowersAt, sql`now()`),
  columns: { id: true, stamp: true, lowersAt: true },
});

/** A manifest as its reader made it out; some cannot be. */
export const manifestCard = defineReadModel(schema, 'manifests', {
  name: 'manifest_card',
  columns: { title: true, stamp: true, words: true },
}).transform(1, ({ words, ...rest }) => {
  if (words === poison) throw new RangeError('The manifest is illegible.');
  return { ...rest, loud: words.toUpperCase(), length: words.length };
});

/** All of them. */
export const readModels = [vesselSheet, dockRoll, fleetRoll, fleetBoard, convoySheet, signalCard, manifestCard] as const;
