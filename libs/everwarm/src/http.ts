export { EverwarmError } from '#contracts/errors.ts';
export type { Cors } from './http/cors.ts';
export { everwarmHttp, type FastifyOptions } from './http/fastify-plugin.ts';
export { type Problem, problemOf } from './http/problem.ts';
export { type DocumentRoute, documentRoute, type ListRoute, listRoute, type Route, routesOf } from './http/routes.ts';
export type { HttpOptions, Served } from './http/served.ts';
export { afterHeader, type HeaderTarget, sendToken, tokenHeader } from './http/token.ts';
export { createHandler, type WebHandler, type WebOptions } from './http/web-handler.ts';
