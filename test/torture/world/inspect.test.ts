import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../libs/everwarm/src/torture/witness.ts';
import { entryWords, fleetName, inspect, manifestWords, staysGone } from './inspect.ts';

const vessel = {
  fleet: 'north',
  hullNo: 7,
  life: 2,
  stamp: 12,
  seal: `12|2|3|40|5|port 300, starboard 700|2|${entryWords(7, 2, 2)}`,
  dock: 3,
  draft: 40,
  cargo: 5,
  inFleet: { code: 'north', name: fleetName('north', 4), stamp: 4 },
  tanks: [
    { side: 'port', level: 300 },
    { side: 'starboard', level: 700 },
  ],
  entries: [
    { n: 2, words: entryWords(7, 2, 2) },
    { n: 1, words: entryWords(7, 2, 1) },
  ],
  ballast: 1000,
  logged: 2,
};
const board = {
  code: 'north',
  name: fleetName('north', 4),
  stamp: 4,
  vessels: [
    { hullNo: 7, cargo: 5 },
    { hullNo: 8, cargo: 6 },
  ],
  vesselCount: 2,
  cargo: 11,
};
const convoy = { id: 'c', cargo: 10, lead: vessel, tail: vessel };
const signal = { id: 's', stamp: 1, lowersAt: '2024-01-01T00:00:00.000Z' };
const manifest = { title: 'a b', stamp: 3, loud: manifestWords(3).toUpperCase(), length: manifestWords(3).length };

const look = (model: string, value: unknown, asOf = 0) => inspect(model, { value, asOf, version: null, tier: 'redis' } satisfies Answer);

describe('a document of the yard', () => {
  it('that is right contradicts nothing, and says what it is of and as of when', () => {
    for (const [model, value] of Object.entries({
      vessel_sheet: vessel,
      fleet_board: board,
      convoy_sheet: convoy,
      signal_card: signal,
      manifest_card: manifest,
    }))
      expect(look(model, value).contradiction, model).toBe(null);
    expect(look('vessel_sheet', vessel)).toMatchObject({
      key: '["north","7"]',
      claims: [
        { subject: 'vessel ["north","7"]', stamp: 12, life: 2 },
        { subject: 'fleet north', stamp: 4 },
      ],
    });
    expect(look('manifest_card', manifest).key).toBe('a b');
    expect(look('convoy_sheet', convoy)).toMatchObject({ key: 'c', claims: { length: 5 } });
  });

  it.each([
    ['half a transfer between its tanks', { tanks: [vessel.tanks[0], { side: 'starboard', level: 690 }] }],
    ['a sum of another moment', { ballast: 990 }],
    [
      'a transfer that its seal does not know',
      {
        tanks: [
          { side: 'port', level: 310 },
          { side: 'starboard', level: 690 },
        ],
      },
    ],
    ['a count of another moment', { logged: 3 }],
    ['an entry that its count and seal do not know', { entries: [{ n: 3, words: entryWords(7, 2, 3) }, ...vessel.entries] }],
    ['a gap in its log', { entries: [vessel.entries[0]] }],
    ['an entry of an earlier life', { entries: [vessel.entries[0], { n: 1, words: entryWords(7, 1, 1) }] }],
    ['another dock than its seal', { dock: 4 }],
    ['a stamp of another moment', { stamp: 13 }],
    ['what was rolled back', { seal: 'undone' }],
    ['half a change of its fleet', { inFleet: { ...vessel.inFleet, stamp: 5 } }],
    ['another fleet than its own', { inFleet: { code: 'z:z', name: fleetName('z:z', 4), stamp: 4 } }],
  ])('contradicts itself by %s', (_, half) => {
    expect(look('vessel_sheet', { ...vessel, ...half }).contradiction).not.toBe(null);
    expect(look('convoy_sheet', { ...convoy, tail: { ...vessel, ...half } }).contradiction, 'inside a convoy').not.toBe(null);
  });

  it('contradicts itself by counts and sums that are not those of its list', () => {
    for (const half of [{ vesselCount: 3 }, { cargo: 12 }, { vessels: board.vessels.slice(1) }, { stamp: 5 }])
      expect(look('fleet_board', { ...board, ...half }).contradiction).not.toBe(null);
    expect(look('convoy_sheet', { ...convoy, cargo: 11 }).contradiction).not.toBe(null);
  });

  it('contradicts itself by showing what is over at its own moment', () => {
    const end = Date.parse(signal.lowersAt);
    expect(look('signal_card', signal, end + 100).contradiction).toBe(null);
    expect(look('signal_card', signal, end + 1000).contradiction).not.toBe(null);
  });

  it('contradicts itself by words of another change', () => {
    for (const half of [{ stamp: 4 }, { loud: 'X' }, { length: 1 }])
      expect(look('manifest_card', { ...manifest, ...half }).contradiction).not.toBe(null);
  });
});

it('hulls that are built once never come back to a dock', () => {
  expect([staysGone('dock_roll', '["north","7"]'), staysGone('dock_roll', '["north","8"]')]).toEqual([true, false]);
});
