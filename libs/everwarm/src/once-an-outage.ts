/** How long nothing must have been heard of a trouble before it counts as another one, in milliseconds. */
const quietMs = 10_000;

/** How many different troubles are remembered. */
const remembered = 100;

/**
 * Reports a server's trouble once, however many polls and duties meet it: a trouble is the same while it goes on being met. Everything
 * that is not about a server passes.
 */
export function onceAnOutage(
  report: (error: unknown, during: string) => void,
  now: () => number = () => performance.now(),
): (error: unknown, during: string) => void {
  const metAt = new Map<string, number>();
  return (error, during) => {
    const trouble = troubleOf(error);
    if (trouble !== null) {
      const last = metAt.get(trouble) ?? Number.NEGATIVE_INFINITY;
      metAt.delete(trouble);
      metAt.set(trouble, now());
      for (const oldest of metAt.keys()) if (metAt.size > remembered) metAt.delete(oldest);
      if (now() - last < quietMs) return;
    }
    report(error, during);
  };
}

/** What a server that is away, starting, stopping, full or read-only is told by; null for anything else. */
function troubleOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.cause instanceof Error) return troubleOf(error.cause);
  const code = 'code' in error ? String(error.code) : '';
  // 08 connection, 53 resources, 57P shutdown, 58 system; 25006: it has become a standby.
  const isTrouble =
    /^(08|53|57P|58)...?$|^25006$|^E(CONN|PIPE|TIMEDOUT|HOST|AI_)/.test(code) || error.message.startsWith('Connection terminated');
  return isTrouble ? `${code} ${error.message}` : null;
}
