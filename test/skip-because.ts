import Mocha from "mocha";

/**
 * Skips the running test, or from a `before` hook its whole suite, and puts the reason where the test report shows it.
 * Throws mocha's skip signal, so nothing after it runs.
 */
export function skipBecause(running: Mocha.Context, reason: string): never {
  const titled = running.test instanceof Mocha.Hook ? running.test.parent : running.test;
  if (titled !== undefined) titled.title += ` (skipped: ${reason})`;
  return running.skip();
}
