const everyMs = 5000;
const reported = new Map<string, number>();

/** Tells of a failure that the pipeline survives: one line on stderr for each kind, at most every five seconds, so that an outage does not fill the log. */
export function reportFailure(error: unknown, during: string): void {
  const line = `everwarm: ${during}: ${error instanceof Error ? error.message : String(error)}\n`;
  const now = performance.now();
  if (now - (reported.get(line) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
  if (reported.size > 100) reported.clear();
  reported.set(line, now);
  process.stderr.write(line);
}
