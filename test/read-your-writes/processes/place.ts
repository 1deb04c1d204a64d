import type { ReadOptions } from 'everwarm/reader';
import type { Expected } from '../world/clerk.ts';
import type { Seen } from '../world/look.ts';

/** Where the processes of a run meet. */
export type Place = { readonly postgres: string; readonly redis: string; readonly namespace: string };

/** What a reading process is asked, and what it answers: what it saw, or why it saw nothing. */
export type Question = { readonly id: number; readonly expected: Expected; readonly options: ReadOptions };
export type Reply = { readonly id: number; readonly seen: Seen | null; readonly error: string | null };
