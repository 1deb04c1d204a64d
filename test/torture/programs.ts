import { join } from 'node:path';
import { nodeArguments } from '@everwarm/testkit';
import type { ProcessProgram } from '../../libs/everwarm/src/torture/stage-process.ts';
import type { ProcessRole } from '../../libs/everwarm/src/torture/types.ts';

/** A TypeScript file of this folder as a process of the stage, resolved to source as everything here is. */
export function program(name: string, role: ProcessRole, entry: string): ProcessProgram {
  const args = nodeArguments(join(import.meta.dirname, entry));
  // What is under test is given its links, and must find no other way to a server.
  return { name, role, args, env: { NODE_ENV: 'production', DATABASE_URL: undefined, REDIS_URL: undefined } };
}
