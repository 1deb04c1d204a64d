import type { FastifyInstance } from 'fastify';

/**
 * What pages may do: nothing from elsewhere (the dashboard asks for web fonts, and does well without), no framing, no address told to
 * others. The caller must call this before it adds routes.
 */
export function restrictPages(app: FastifyInstance): void {
  const policy = [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', policy);
    reply.header('referrer-policy', 'no-referrer');
    reply.header('x-content-type-options', 'nosniff');
  });
}
