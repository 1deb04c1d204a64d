/** A Postgres identifier, quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table's qualified name, quoted. */
export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${identifier(table.schema)}.${identifier(table.name)}`;
}

/** A text literal, safe whatever `standard_conforming_strings` says. */
export function textLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/**
 * A driver value as an SQL literal. Text is left untyped, as a parameter would be, so that Postgres resolves it by its context.
 * Returns null for values that have no literal form (functions, symbols, placeholders).
 */
export function valueLiteral(value: unknown): string | null {
  if (value === null) return 'null';
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return value < 0 ? `(${value})` : String(value);
  if (typeof value === 'number') return textLiteral(String(value));
  if (value instanceof Date) return textLiteral(value.toISOString());
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
  if (Array.isArray(value)) {
    // An empty `array[]` has no type; as text it takes the one that its context asks for.
    if (value.length === 0) return `'{}'`;
    const items = value.map(valueLiteral);
    return items.includes(null) ? null : `array[${items.join(', ')}]`;
  }
  return null;
}
