import type { Answer, Claim, Inspection } from '../../../libs/everwarm/src/torture/witness.ts';
import { shownEntries } from './read-models.ts';

/** What both tanks of a vessel hold together, always. */
export const ballast = 1000;

/** The words that only a transaction that is rolled back writes: in a document they are a lie. */
export const undone = 'undone';

type Vessel = {
  readonly fleet: string;
  readonly hullNo: number;
  readonly life: number;
  readonly stamp: number;
  readonly seal: string;
  readonly dock: number | null;
  readonly draft: number;
  readonly cargo: number;
  readonly inFleet: { readonly code: string; readonly name: string; readonly stamp: number };
  readonly tanks: readonly { readonly side: string; readonly level: number }[];
  readonly entries: readonly { readonly n: number; readonly words: string }[];
  readonly ballast: number | string;
  readonly logged: number;
};

/** What the writers call a vessel, a fleet, a signal or a manifest. */
export const subjects = {
  vessel: (fleet: string, hullNo: number | bigint | string) => `vessel ${JSON.stringify([fleet, String(hullNo)])}`,
  fleet: (code: string) => `fleet ${code}`,
  signal: (id: string) => `signal ${id}`,
  manifest: (title: string) => `manifest ${title}`,
} as const;

/** The name of a fleet after its change of this number, and what an entry of a log says: both follow from what is shown beside them. */
export const fleetName = (code: string, stamp: number): string => `${code} of change ${stamp}`;
/** See {@link fleetName}. */
export const entryWords = (hullNo: number, life: number, n: number): string => `entry ${n} of ${hullNo}, life ${life}`;

const shownBy: Readonly<Record<string, string>> = {
  vessel: 'vessel_sheet',
  fleet: 'fleet_board',
  signal: 'signal_card',
  manifest: 'manifest_card',
};

/** The document that is about a subject: a subject's name is what it is and its key. */
export function documentOf(subject: string): { readonly model: string; readonly key: string } | null {
  const [what = ''] = subject.split(' ', 1);
  const model = shownBy[what];
  return model === undefined ? null : { model, key: subject.slice(what.length + 1) };
}

type Found = Omit<Inspection, 'key'>;

const inspectors: Readonly<Record<string, (document: never, asOf: number | null) => Found>> = {
  vessel_sheet: (vessel: Vessel) => ({ claims: vesselClaims(vessel), contradiction: vesselContradiction(vessel) }),
  fleet_board: inspectBoard,
  convoy_sheet: inspectConvoy,
  signal_card: inspectSignal,
  manifest_card: inspectManifest,
};

/** What a document of one of the world's models says of itself. */
export function inspect(model: string, { value, asOf }: Answer): Inspection {
  const inspector = inspectors[model];
  if (!inspector) return { key: null, claims: [], contradiction: `is of the model ${model}, which nobody declared` };
  const found = inspector(value as never, asOf);
  const { subject } = found.claims[0]!;
  // A subject's name is what it is and its key.
  return { ...found, key: subject.slice(subject.indexOf(' ') + 1) };
}

/** What a vessel's seal must be, from everything else that the document shows. */
function sealOf({ stamp, life, dock, draft, cargo, tanks, logged, entries }: Vessel): string {
  const levels = tanks.map(({ side, level }) => `${side} ${level}`).join(', ');
  return [stamp, life, dock ?? 0, draft, cargo, levels, logged, ...(entries[0] ? [entries[0].words] : [])].join('|');
}

function vesselContradiction(vessel: Vessel): string | null {
  const { fleet, hullNo, life, seal, inFleet, entries, logged, tanks } = vessel;
  const expected = sealOf(vessel);
  if (seal !== expected) return `its seal is ${seal}, it shows ${expected}`;
  if (tanks.length !== 2 || tanks[0]!.level + tanks[1]!.level !== ballast)
    return `its tanks hold ${tanks.map(({ level }) => level).join(' and ')}`;
  if (Number(vessel.ballast) !== ballast) return `the sum of its tanks is ${vessel.ballast}`;
  // Without gaps, from the last one down: what is shown and how many there are says what all of them are.
  const shown = entries.map(({ n, words }) => `${n} ${words}`).join();
  const should = Array.from(
    { length: Math.min(logged, shownEntries) },
    (_, index) => `${logged - index} ${entryWords(hullNo, life, logged - index)}`,
  ).join();
  if (shown !== should) return `of ${logged} entries it shows ${shown}`;
  if (inFleet.code !== fleet || inFleet.name !== fleetName(fleet, inFleet.stamp)) return `its fleet is ${JSON.stringify(inFleet)}`;
  return null;
}

function vesselClaims({ fleet, hullNo, stamp, life, inFleet }: Vessel): [Claim, ...Claim[]] {
  return [
    { subject: subjects.vessel(fleet, hullNo), stamp, life },
    { subject: subjects.fleet(inFleet.code), stamp: inFleet.stamp },
  ];
}

type Board = {
  readonly code: string;
  readonly name: string;
  readonly stamp: number;
  readonly vessels: readonly { readonly hullNo: number; readonly cargo: number }[];
  readonly vesselCount: number;
  readonly cargo: number | string;
};

function inspectBoard({ code, name, stamp, vessels, vesselCount, cargo }: Board): Found {
  const sum = vessels.reduce((all, vessel) => all + vessel.cargo, 0);
  const contradiction =
    vesselCount !== vessels.length
      ? `counts ${vesselCount} vessels and shows ${vessels.length}`
      : Number(cargo) !== sum
        ? `its vessels' cargo is ${cargo}, those shown have ${sum}`
        : name !== fleetName(code, stamp)
          ? `is named ${name} as of change ${stamp}`
          : null;
  return { claims: [{ subject: subjects.fleet(code), stamp }], contradiction };
}

type Convoy = { readonly id: string; readonly cargo: number; readonly lead: Vessel; readonly tail: Vessel };

function inspectConvoy({ id, cargo, lead, tail }: Convoy): Found {
  const contradiction =
    vesselContradiction(lead) ??
    vesselContradiction(tail) ??
    (lead.cargo + tail.cargo === cargo ? null : `has ${cargo} in all, its vessels ${lead.cargo} and ${tail.cargo}`);
  return { claims: [{ subject: `convoy ${id}`, stamp: 0 }, ...vesselClaims(lead), ...vesselClaims(tail)], contradiction };
}

/** A moment that passed this long before the document's own is in it: its transaction began a little before its snapshot. */
const momentSlackMs = 250;

function inspectSignal({ id, stamp, lowersAt }: { id: string; stamp: number; lowersAt: string }, asOf: number | null): Found {
  const late = asOf === null ? 0 : asOf - Date.parse(lowersAt);
  return {
    claims: [{ subject: subjects.signal(id), stamp }],
    contradiction: late > momentSlackMs ? `as of ${asOf} it shows a signal that was lowered ${late} ms before` : null,
  };
}

type Manifest = { readonly title: string; readonly stamp: number; readonly loud: string; readonly length: number };

function inspectManifest({ title, stamp, loud, length }: Manifest): Found {
  const words = manifestWords(stamp).toUpperCase();
  return {
    claims: [{ subject: subjects.manifest(title), stamp }],
    contradiction: loud === words && length === words.length ? null : `says ${loud} as of change ${stamp}`,
  };
}

/** What a manifest says after its change of this number, unless it is illegible. */
export const manifestWords = (stamp: number): string => `words of change ${stamp}`;

/** Whether a hull may be built again after it was scrapped; the others never come back. */
export const isPhoenix = (hullNo: number): boolean => hullNo % 4 === 0;

/** Whether an entry that left a dock stays away for ever. Fleets are left by scrapping alone. */
export const staysGone = (_list: string, key: string): boolean => !isPhoenix(Number((JSON.parse(key) as string[])[1]));
