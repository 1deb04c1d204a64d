import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that answers each line of JSON with a line of JSON. */
export type Conversation = {
  /** What it says next, without being asked. Rejects, with what it wrote on stderr, when it ends instead. */
  next(): Promise<unknown>;
  /** Says a line and resolves with the answer. */
  ask(question: unknown): Promise<unknown>;
  /** Closes its stdin and resolves with its exit code. May be called twice. */
  end(): Promise<number | null>;
};

/** Starts such a program. The caller must `end` it. */
export function converse(program: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Conversation {
  const child = spawn(process.execPath, [program], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close').then(([code]) => code as number | null);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${program} ended with ${await closed} and no answer:\n${errors}`);
    return JSON.parse(line.value);
  };
  return {
    next,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    end() {
      child.stdin.end();
      return closed;
    },
  };
}
