import type { EverwarmError, ReadOptions, StandaloneReader } from 'everwarm/reader';
import type { Expected } from './clerk.ts';
import { shelfCard, shelfRoll, volumeSheet } from './read-models.ts';

/** What a read came to: null when it is as expected, else in words what was missed; which tier answered, and after how long. */
export type Seen = { readonly miss: string | null; readonly tier: string; readonly tookMs: number };

type Given = { readonly is: unknown; readonly tier: string };

/** Reads what is expected, as the options say, and compares. Rejects when there is no answer. */
export async function look(reader: StandaloneReader, expected: Expected, options: ReadOptions): Promise<Seen> {
  const began = performance.now();
  const { is, tier } = await read(reader, expected, options);
  const tookMs = performance.now() - began;
  const [given, wanted] = [JSON.stringify(is), JSON.stringify(wantedOf(expected))];
  return { miss: given === wanted ? null : `${nameOf(expected)} from ${tier}: ${given} instead of ${wanted}`, tier, tookMs };
}

async function read(reader: StandaloneReader, expected: Expected, options: ReadOptions): Promise<Given> {
  if (expected.kind === 'roll') {
    const { after, ...rest } = options;
    const page = await reader.rawList(shelfRoll, expected.shelf, { ...rest, afterToken: after, limit: 50 });
    return { is: page.items.map((item) => JSON.parse(item.body.toString()).no), tier: page.tier };
  }
  if (expected.kind === 'shelf') {
    const document = await reader.raw(shelfCard, expected.id, options);
    const { stamp, volumeCount } = document ? JSON.parse(document.body.toString()) : {};
    return { is: { stamp, volumeCount }, tier: document?.tier ?? 'none' };
  }
  try {
    const document = await reader.raw(volumeSheet, { wing: expected.wing, no: expected.no }, options);
    if (!document) return { is: null, tier: 'none' };
    const { shelf, stamp, onShelf } = JSON.parse(document.body.toString());
    return { is: { shelf, stamp, shelfStamp: onShelf.stamp }, tier: document.tier };
  } catch (error) {
    if ((error as EverwarmError).code === 'E_DOCUMENT') return { is: 'illegible', tier: 'none' };
    throw error;
  }
}

function wantedOf(expected: Expected): unknown {
  if (expected.kind === 'volume') return expected.is;
  return expected.kind === 'roll' ? expected.numbers : { stamp: expected.stamp, volumeCount: expected.volumeCount };
}

function nameOf(expected: Expected): string {
  if (expected.kind === 'volume') return `volume ${expected.wing} ${expected.no}`;
  return expected.kind === 'roll' ? `the roll of shelf ${expected.shelf}` : `shelf ${expected.id}`;
}
