/** What clients and servers say when Redis is away or takes no writes, as against what a mistake of ours would bring. */
const troubles =
  /Stream isn't writeable|Connection is closed|Command timed out|Reached the max retries|Socket timeout|connect ETIMEDOUT|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|did not answer within|cannot be reached|^(OOM|READONLY|MISCONF|LOADING|MASTERDOWN|BUSY|NOREPLICAS|UNBLOCKED)\b/;

/** Whether an error says no more than that Redis is away or takes no writes. */
export function isRedisTrouble(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isRedisTrouble);
  return error instanceof Error && (troubles.test(error.message) || ('code' in error && troubles.test(String(error.code))));
}

/** Such an error in words that stay the same while the trouble lasts. */
export function wordsForTrouble(error: unknown): string {
  const said = error instanceof Error ? error.message || error.name : String(error);
  if (said.startsWith('OOM')) return 'It is out of memory (maxmemory) and takes no writes.';
  if (said.startsWith('READONLY')) return 'It is a replica and takes no writes.';
  if (said.startsWith('LOADING')) return 'It is loading its data.';
  if (/Command timed out|did not answer/.test(said)) return 'It does not answer.';
  return isRedisTrouble(error) && !/^[A-Z]+ /.test(said) ? 'It cannot be reached.' : said;
}
