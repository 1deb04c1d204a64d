import { changesChannel, documentKey, type KeySpace, leaseKey } from '#contracts/names.ts';
import { encodeEvicted, encodeHeader } from '#contracts/version.ts';
import { executeEach, type FencedRedis } from './fenced-pipeline.ts';
import type { AbsentKey, WrittenDocument } from './write-documents.ts';

/** How long Redis remembers a deleted document, in seconds: longer than any write can be late. Postgres remembers it after that. */
export const tombstoneTtl = 24 * 3600;

/**
 * Writes documents that Postgres has committed to Redis, pipelined, one fenced set per key, changed or not: a crash between the
 * two stores is made good by whoever repeats the batch. What is evicted there becomes a marker here, and what readers lent each other
 * goes with it. A document that `lasts` for so many milliseconds goes by itself at an age that an older one, however late, has passed
 * before. Rejects when Redis did not take all of them.
 */
export async function publishDocuments(
  redis: FencedRedis,
  space: KeySpace,
  generation: number,
  documents: readonly WrittenDocument[],
  lasts = Number.POSITIVE_INFINITY,
): Promise<void> {
  if (documents.length === 0) return;
  const channel = changesChannel(space);
  await executeEach(redis, documents, (pipeline, { key, doc, version, asOf }) => {
    const isEvicted = asOf === Number.NEGATIVE_INFINITY;
    // First: whoever finds the marker must not find a loan of what was there before.
    if (isEvicted) pipeline.del(leaseKey(space, generation, key));
    pipeline.everwarmSetDocument(
      documentKey(space, generation, key),
      version,
      isEvicted ? encodeEvicted(version) : encodeHeader(version, Math.round(asOf), doc === null) + (doc ?? ''),
      doc === null ? String(tombstoneTtl) : Number.isFinite(lasts) ? `@${Math.round(asOf + lasts)}` : '0',
      channel,
    );
  });
}

/** Takes away what Redis holds, and what readers noted or lent each other, of keys that Postgres knows nothing of. Rejects when Redis did not take all of it. */
export async function forgetKeys(redis: FencedRedis, space: KeySpace, generation: number, absent: readonly AbsentKey[]): Promise<void> {
  if (absent.length === 0) return;
  const channel = changesChannel(space);
  await executeEach(redis, absent, (pipeline, { key, version }) => {
    const [document, lease] = [documentKey(space, generation, key), leaseKey(space, generation, key)];
    pipeline.everwarmForget(document, lease, version, channel, encodeEvicted(version), String(tombstoneTtl));
  });
}
