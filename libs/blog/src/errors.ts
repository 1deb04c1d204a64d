/**
 * Why a command or a run of the blog's tools was refused.
 * - `invalid`: the input does not have the form it must have
 * - `not_found`: something the input names does not exist
 * - `conflict`: the input is well formed, but what is stored does not allow it
 * - `usage`: a tool was called with an argument that cannot work; nothing was done
 * - `unavailable`: the database could not be reached, or is not the blog's
 */
export type BlogErrorCode = 'invalid' | 'not_found' | 'conflict' | 'usage' | 'unavailable';

/** The one error the blog throws on purpose. The message is one sentence for a person: what, with which value, what to do. */
export class BlogError extends Error {
  readonly code: BlogErrorCode;

  constructor(code: BlogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlogError';
    this.code = code;
  }
}
