import type { BlogDatabase } from '@everwarm/blog';
import { sendToken } from 'everwarm/http';
import { tokenOf } from 'everwarm/reader';
import type { CommandScope } from './command-routes.ts';

/**
 * Puts a token on the answer of each command of this scope that succeeded: a client that sends it back as Everwarm-After reads what the
 * command wrote. It is asked for after the command's transaction, so it names that one and all before it. What a command did is done:
 * without a token its answer is the same.
 */
export function tellToken(scope: CommandScope, db: BlogDatabase): void {
  scope.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode >= 300) return;
    const token = await tokenOf(db).catch(() => null);
    if (token !== null) sendToken(reply, token);
  });
}
