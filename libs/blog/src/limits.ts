/**
 * The longest texts the blog takes, in characters (code points).
 * A comment may be as long as the longest answer of a Stack Exchange site, since answers are imported as comments.
 */
export const limits = { name: 100, slug: 100, tag: 100, title: 300, body: 100_000, comment: 30_000, tagsPerPost: 50 } as const;
