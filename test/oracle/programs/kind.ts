import type { PgColumnBuilder } from 'drizzle-orm/pg-core';
import type { Form } from '../json-forms.ts';
import type { Comparison } from '../sorting.ts';

/** What a column can be: how it is declared, what it holds, and what its values mean. */
export type Kind = {
  /** The type in SQL. */
  readonly sql: string;
  /** Declares the column; without a name, Drizzle derives one. */
  readonly build: (name: string | null) => PgColumnBuilder;
  readonly form: Form;
  /** How values compare; null where they do not, or not in one way. */
  readonly by: Comparison | null;
  /** The value that a user's code would hand to Drizzle's operators. */
  readonly value: (text: string) => unknown;
  /** Where it may be (part of) a key and refer to one: values for that. */
  readonly key?: readonly string[];
  /** Values of its own; else those of its SQL type. */
  readonly pool?: readonly string[];
  /** Values to compare with; else those of its own. */
  readonly literals?: readonly string[];
  /** What a list compares at its end, where that is not the value but its text. */
  readonly endsByText?: boolean;
  readonly summed?: boolean;
  readonly extreme?: boolean;
};

/** A column builder. Every one of Drizzle takes a name and a config, or one of them; a signature for all does not exist. */
export function declaredBy(make: unknown, config?: unknown): Kind['build'] {
  const builder = make as (...parameters: unknown[]) => PgColumnBuilder;
  return (name) => builder(...(name === null ? [] : [name]), ...(config === undefined ? [] : [config]));
}

/** A value as it is written. */
export const asWritten = (value: string): unknown => value;
