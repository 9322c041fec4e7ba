import Mocha from "mocha";

const REASON = /skipped: ./;

/**
 * Mocha's dots and closing lines, with the full title of every skipped test below them. A test skipped without saying why
 * ("... (skipped: reason)") fails the run: what nobody explains, nobody misses.
 */
class SkipReasonReporter extends Mocha.reporters.Dot {
  readonly #skipped: string[] = [];

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test) => {
      this.#skipped.push(test.fullTitle());
    });
  }

  override done(failures: number, finish: (failures: number) => void): void {
    for (const title of this.#skipped) process.stdout.write(`  - ${title}\n`);
    const unexplained = this.#skipped.filter((title) => !REASON.test(title));
    for (const title of unexplained) process.stdout.write(`  skipped without a reason: ${title}\n`);
    finish(failures + unexplained.length);
  }
}

// Mocha loads a reporter with require().
export { SkipReasonReporter as "module.exports" };
