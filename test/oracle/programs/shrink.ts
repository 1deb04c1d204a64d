import { Arbitrary, asyncProperty, check, interruptAfterTimeLimit, type Plugin, type Random, Stream, Value } from 'fast-check';
import type { Program } from './program.ts';
import { smallerBy } from './smaller.ts';

/** Where the search for something to leave out stands: what came before was tried on a program much like this one. */
type Position = { readonly next: number; readonly found: boolean };

/** One program, and everything smaller than it. */
class ProgramArbitrary extends Arbitrary<Program> {
  readonly #program: Program;

  /** @param program the only one that is generated */
  constructor(program: Program) {
    super();
    this.#program = program;
  }

  generate(_random: Random): Value<Program> {
    return new Value(this.#program, { next: 0, found: false } satisfies Position);
  }

  canShrinkWithoutContext(_value: unknown): _value is Program {
    return false;
  }

  shrink(program: Program, context: unknown): Stream<Value<Program>> {
    const { next, found } = context as Position;
    const candidates = function* (from: number, position: (index: number) => Position) {
      for (const [index, edit] of smallerBy(program).entries()) if (index >= from) yield new Value(edit(program), position(index));
    };
    const rest = new Stream(candidates(next, (index) => ({ next: index, found: true })));
    // Once at the end, what was needed before may not be needed any more.
    return found ? rest.join(new Stream(candidates(0, (index) => ({ next: index, found: true })))) : rest;
  }
}

/**
 * The smallest program that fast-check finds to fail as this one does, within the time given; the program itself when it does not
 * fail again. `fails` must tell a failure from a program that cannot be declared.
 */
export async function shrink(program: Program, fails: (program: Program) => Promise<boolean>, forMs: number): Promise<Program> {
  const property = asyncProperty(new ProgramArbitrary(program), async (candidate) => !(await fails(candidate)));
  const limit = interruptAfterTimeLimit(forMs) as Plugin<[Program]>;
  const { counterexample } = await check(property, { numRuns: 1, seed: 1, plugins: [limit] });
  return counterexample?.[0] ?? program;
}
