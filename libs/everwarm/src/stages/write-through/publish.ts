import { documentKey, type KeySpace } from '#contracts/names.ts';
import { encodeHeader } from '#contracts/version.ts';
import { executeEach, type FencedRedis } from './fenced-pipeline.ts';
import type { WrittenDocument } from './write-documents.ts';

/** How long Redis remembers a deleted document, in seconds: longer than any write can be late. Postgres remembers it after that. */
export const tombstoneTtl = 24 * 3600;

/**
 * Writes documents that Postgres has committed to Redis, pipelined, one fenced set per key, changed or not: a crash between the
 * two stores is made good by whoever repeats the batch. Rejects when Redis did not take all of them.
 */
export async function publishDocuments(
  redis: FencedRedis,
  space: KeySpace,
  generation: number,
  documents: readonly WrittenDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  await executeEach(redis, documents, (pipeline, { key, doc, version, asOf }) => {
    pipeline.everwarmSetDocument(
      documentKey(space, generation, key),
      version,
      encodeHeader(version, Math.round(asOf), doc === null) + (doc ?? ''),
      doc === null ? String(tombstoneTtl) : '0',
    );
  });
}
