import type { Guard } from './guard.ts';
import { firstGuards } from './guards-1-to-4.ts';
import { otherGuards } from './guards-5-to-12.ts';

/** The guards of the laws. What is here cannot be removed unnoticed. */
export const guards: readonly Guard[] = [...firstGuards, ...otherGuards];
