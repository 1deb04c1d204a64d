import type { ReadTally } from './read-tally.ts';
import type { ReadingClient } from './reading-client.ts';
import type { ProcessMessage } from './types.ts';

/** A commit that a writer heard of, told to a reader: its token, and what it changed, each with the number of the change. */
export type ToldCommit = ProcessMessage & {
  readonly type: 'committed';
  readonly token: string;
  readonly stamps: readonly { readonly subject: string; readonly stamp: number }[];
};

/** Which document shows what writers call so; null for none. */
export type DocumentOf = (subject: string) => { readonly model: string; readonly key: string } | null;

/** What reading after a commit needs. */
export type AfterParts = {
  readonly client: Pick<ReadingClient, 'readAfter' | 'claimsOf'>;
  readonly documentOf: DocumentOf;
  readonly tally: ReadTally;
};

/** Whether this is one. */
export const isToldCommit = (message: ProcessMessage): message is ToldCommit => message.type === 'committed';

/**
 * Reads with the token of a commit what the commit changed: a document that shows less was read by a client that knew more (law 3).
 * That there is none is held against nobody: it may be gone since.
 */
export async function readAfterCommit({ token, stamps }: ToldCommit, { client, documentOf, tally }: AfterParts): Promise<void> {
  for (const { subject, stamp } of stamps) {
    const document = documentOf(subject);
    if (document === null) continue;
    const asked = performance.now();
    try {
      const answer = await client.readAfter(document.model, document.key, token);
      const claims = answer ? client.claimsOf(document.model, answer) : [];
      tally.saw(answer && { ...answer, tier: `${answer.tier} by token` }, claims, performance.now() - asked);
      const shown = claims.find((claim) => claim.subject === subject);
      if (shown && shown.stamp < stamp)
        tally.accuse({
          law: 3,
          detail: `${document.model} ${document.key} from ${answer?.tier}: shows ${subject} as of ${shown.stamp} to a reader with the token of change ${stamp}`,
        });
    } catch (error) {
      tally.failed(error);
    }
  }
}
