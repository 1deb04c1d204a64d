import { EverwarmError } from './errors.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * The milliseconds of a duration, given as such or as text with a unit: `'250ms'`, `'2s'`, `'1.5m'`, `'1h'`, `'7d'`. `what` names the
 * option. Throws E_CONFIG for anything else, and for what is negative or not finite.
 */
export function durationMs(value: string | number, what: string): number {
  const [, amount, unit] = (typeof value === 'string' && /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(value)) || [];
  const ms = typeof value === 'number' ? value : Number(amount) * unitMs[unit as keyof typeof unitMs];
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new EverwarmError(
    'E_CONFIG',
    `${what} is ${JSON.stringify(value)}, which is no duration. Give milliseconds, or a text such as '250ms', '2s', '1.5m', '1h'.`,
  );
}
