/** The variable by which processes of a run are told where the built programs are: JSON of source file to built file. */
export const builtPrograms = 'EVERWARM_TEST_PROGRAMS';

/**
 * The arguments by which Node runs a TypeScript file of the repository, resolved to source as everything here is; the last one is the
 * file. In a run whose global setup has built it, it is one file of JavaScript that does the same.
 * @param file absolute
 */
export function nodeArguments(file: string): readonly string[] {
  const built = (JSON.parse(process.env[builtPrograms] ?? '{}') as Readonly<Record<string, string>>)[file];
  return built ? [built] : ['-C', 'everwarm-source', '--import', import.meta.resolve('tsx'), file];
}
