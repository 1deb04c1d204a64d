import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { loginPage } from './login-page.ts';
import { sendProblem } from './problem.ts';
import { keepSecret, type Secret } from './secret.ts';

const cookieName = 'everwarm_console';
const home = '/queues';

/**
 * Lets nobody pass who does not know the token: as `Authorization: Bearer`, as the cookie that signing in leaves, or once as
 * `?token=`, which is turned into that cookie and taken out of the address. Everybody else gets 401: browsers the page to sign in,
 * programs a problem document. Requests that change something must not come from another site: a cookie travels by itself.
 * The caller must call this before it adds routes.
 */
export function guardAccess(app: FastifyInstance, token: string): void {
  const secret = keepSecret(token);
  app.addHook('onRequest', async (request, reply) => {
    if (isForeignWrite(request)) return sendProblem(request, reply, 403, 'cross_site', 'This request comes from another site.');
    if (request.url === '/login' || isKnown(request, secret)) return undefined;
    return request.method === 'GET' && acceptToken(request, reply, secret) ? reply : refuse(request, reply);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 4096 }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.get('/login', (_request, reply) => sendLoginPage(reply, 200, home, null));
  app.post<{ Body: { token?: unknown; next?: unknown } | null }>('/login', (request, reply) => {
    const { token: given, next } = request.body ?? {};
    const target = localPath(next);
    if (typeof given === 'string' && secret.isToken(given)) return signIn(reply, secret, target);
    return sendLoginPage(reply, 401, target, 'That is not the token.');
  });
}

/** Browsers say where a request comes from; those that do not say `sec-fetch-site` say `origin`. Programs say neither. */
function isForeignWrite({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin, host } = headers;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
}

function isKnown({ headers }: FastifyRequest, secret: Secret): boolean {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return secret.isToken(bearer);
  const cookie = headers.cookie?.split(';').find((pair) => pair.trim().startsWith(`${cookieName}=`));
  return cookie !== undefined && secret.isSession(cookie.trim().slice(cookieName.length + 1));
}

function acceptToken(request: FastifyRequest, reply: FastifyReply, secret: Secret): boolean {
  const address = new URL(request.url, 'http://console');
  const given = address.searchParams.get('token');
  if (given === null || !secret.isToken(given)) return false;
  address.searchParams.delete('token');
  void signIn(reply, secret, localPath(address.pathname + address.search));
  return true;
}

function signIn(reply: FastifyReply, { session }: Secret, target: string): FastifyReply {
  reply.header('set-cookie', `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800`);
  return reply.header('cache-control', 'no-store').redirect(target, 303);
}

function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('www-authenticate', 'Bearer realm="everwarm console"');
  const wantsPage = request.method === 'GET' && /\btext\/html\b/.test(request.headers.accept ?? '');
  if (wantsPage) return sendLoginPage(reply, 401, localPath(request.url.split('?')[0]), null);
  return sendProblem(request, reply, 401, 'unauthorized', 'Send the token as "Authorization: Bearer …", or sign in at /login.');
}

function sendLoginPage(reply: FastifyReply, status: number, next: string, problem: string | null): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(loginPage({ next, problem }));
}

/** A path of this console; `//host` and `/\host` would lead elsewhere. */
function localPath(path: unknown): string {
  return typeof path === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : home;
}
