import { EverwarmError } from '#contracts/errors.ts';
import { type Answer, addVary } from './answer.ts';

/** Which pages of other origins may read. Without it none may, which is what browsers hold to where nothing is said. */
export type Cors = {
  /** `*`, or origins as browsers write them: `https://shop.example`. */
  readonly origin: '*' | readonly string[];
  /** Whether browsers may send cookies along. Not with `*`. */
  readonly credentials?: boolean;
};

const asked = 'everwarm-after, if-none-match, last-event-id';
const shown = 'age, etag, everwarm-as-of, everwarm-pending, everwarm-tier, everwarm-token, everwarm-version';

/** Checks what types cannot. Throws E_CONFIG. */
export function checkCors({ origin, credentials = false }: Cors): void {
  if (origin === '*') {
    if (credentials) throw new EverwarmError('E_CONFIG', '"cors" allows credentials to every origin. Name the origins.');
    return;
  }
  const wrong = origin.find((one) => !URL.canParse(one) || new URL(one).origin !== one);
  if (wrong !== undefined)
    throw new EverwarmError(
      'E_CONFIG',
      `"cors" names the origin ${JSON.stringify(wrong)}. Write it as https://shop.example, without a path.`,
    );
}

/** Lets the page that asked read the answer, if it may. */
export function allowOrigin(headers: string[], { origin, credentials = false }: Cors, from: string | undefined): void {
  if (origin !== '*') addVary(headers, 'origin');
  if (from === undefined || (origin !== '*' && !origin.includes(from))) return;
  headers.push('access-control-allow-origin', origin === '*' ? '*' : from, 'access-control-expose-headers', shown);
  if (credentials) headers.push('access-control-allow-credentials', 'true');
}

/** The answer to a browser that asks whether it may ask. */
export function preflightAnswer(cors: Cors, from: string | undefined): Answer {
  const headers = ['access-control-allow-methods', 'GET, HEAD', 'access-control-allow-headers', asked, 'access-control-max-age', '600'];
  allowOrigin(headers, cors, from);
  return { status: 204, headers, body: null };
}
