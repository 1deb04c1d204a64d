/** The pattern for SCAN of all keys that begin with a text, whatever signs are in it. */
export const namesLike = (prefix: string): string => `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
