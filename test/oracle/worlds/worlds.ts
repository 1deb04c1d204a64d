import type { World } from '../world.ts';
import { censusWorld } from './census.ts';
import { depotWorld } from './depot.ts';
import { forestWorld } from './forest.ts';

/** Every world the oracle knows. */
export const worlds: readonly World[] = [depotWorld, forestWorld, censusWorld];
