import { expect } from 'vitest';

/** Expects that a declaration is refused: its error is E_DEFINITION, begins with the path, carries it, and says the cure. */
export function expectRefusal(action: () => unknown, path: string, cure: RegExp): void {
  let refusal: unknown = 'It was accepted.';
  try {
    action();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code: 'E_DEFINITION', context: { path } });
  const { message } = refusal as Error;
  expect(message.startsWith(`${path} `), message).toBe(true);
  expect(message).toMatch(cure);
}
