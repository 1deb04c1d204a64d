import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const files = [
  { url: '/pages/posts/:id', name: 'post.html', type: 'text/html; charset=utf-8' },
  { url: '/pages/post.css', name: 'post.css', type: 'text/css; charset=utf-8' },
  { url: '/pages/post.js', name: 'post.js', type: 'text/javascript; charset=utf-8' },
] as const;

/**
 * The example's one page: a post that is live in every window it is open in, and a form that comments on it. It is the same three files
 * for every post; what it shows comes from the routes beside it. It may run its own script and talk to this server, and nothing else.
 */
export async function postPageRoutes(scope: FastifyInstance): Promise<void> {
  for (const { url, name, type } of files) {
    const body = await readFile(new URL(`../../public/${name}`, import.meta.url));
    scope.get(url, { schema: { hide: true } }, (_request, reply) =>
      reply
        .header('content-type', type)
        .header('content-security-policy', policy)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .send(body),
    );
  }
}
