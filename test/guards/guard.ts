/** A line of a stage without which a law is broken, how the stage is built without it, and the test that then fails. */
export type Guard = {
  readonly law: number;
  readonly name: string;
  /** The file below `libs/everwarm/src` that has the guard, its text there, and what a build without it has instead. */
  readonly stage: string;
  readonly on: string;
  readonly off: string;
  /** The test that fails, by its file and its title. */
  readonly file: string;
  readonly test: string;
};
