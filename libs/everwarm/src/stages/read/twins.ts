import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type KeySpace, twinKey } from '#contracts/names.ts';
import type { RawDocument, ReadParts } from './read-parts.ts';

/** How a twin is encoded, as HTTP calls it. */
export type TwinEncoding = 'br' | 'gzip';

/** Whose twin. */
export type TwinOf = { readonly generation: number; readonly key: string; readonly encoding: TwinEncoding };

/** How long Redis keeps a twin that nobody made anew: documents that are seldom read shall not be there twice for ever. */
const keptMs = 3_600_000;

/** How many bytes of twins one process keeps itself. */
const mostBytes = 16 * 1024 * 1024;

const compressors: Readonly<Record<TwinEncoding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  gzip: (body) => promisify(gzip)(body),
};

type Twin = { readonly version: string; readonly bytes: Buffer };

/**
 * Compressed twins of documents. The first reader that wants one makes it, and leaves it in Redis for all others with the version and
 * the key of the document that it was made of. A twin counts only for a document of exactly that version, and of one key and version
 * there are no two bodies: so none is ever older or newer than its document, whoever writes when. docs/adr says why they are there.
 */
export class Twins {
  readonly #held = new Map<string, Twin>();
  readonly #making = new Map<string, Promise<Buffer>>();
  #bytes = 0;

  /** The document's bytes in this encoding. A document without a version has no twin that could be kept. */
  async of(parts: Pick<ReadParts, 'redis' | 'view'>, twin: TwinOf, { body, version }: RawDocument): Promise<Buffer> {
    if (version === null) return compressors[twin.encoding](body);
    const name = nameOf(twin);
    const held = this.#held.get(name);
    if (held?.version === version) return held.bytes;
    const flight = `${name} ${version}`;
    const known = this.#making.get(flight);
    if (known) return known;
    const making = this.#find(parts, twin, { body, version })
      .then((bytes) => {
        this.#hold(name, { version, bytes });
        return bytes;
      })
      .finally(() => this.#making.delete(flight));
    this.#making.set(flight, making);
    return making;
  }

  async #find(
    { redis, view }: Pick<ReadParts, 'redis' | 'view'>,
    twin: TwinOf,
    { body, version }: { body: Buffer; version: string },
  ): Promise<Buffer> {
    const space: KeySpace = view.space;
    const key = twinKey(space, twin.generation, twin.encoding, twin.key);
    if (!view.trusted()) return compressors[twin.encoding](body);
    // Compressed bytes do not show whose they are: what lies where it does not belong must not be given to another tenant.
    const owner = Buffer.from(`${version}${nameOf(twin)}\0`);
    const stored = await redis.getBuffer(key).catch(() => null);
    if (stored?.subarray(0, owner.length).equals(owner)) return Buffer.from(stored.subarray(owner.length));
    const bytes = await compressors[twin.encoding](body);
    // Whoever may not write, or finds Redis full, has made it for itself.
    redis.set(key, Buffer.concat([owner, bytes]), 'PX', keptMs).catch(() => undefined);
    return bytes;
  }

  /** Keeps what was asked for last. */
  #hold(name: string, twin: Twin): void {
    this.#drop(name);
    if (twin.bytes.length > mostBytes / 4) return;
    this.#held.set(name, twin);
    this.#bytes += twin.bytes.length;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= mostBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#held.get(name)?.bytes.length ?? 0;
    this.#held.delete(name);
  }
}

function nameOf({ generation, key, encoding }: TwinOf): string {
  return `${generation}:${encoding}:${key}`;
}
