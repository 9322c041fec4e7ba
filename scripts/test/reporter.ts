import Mocha from "mocha";

const REASON = /skipped: ./;

const MAX_WRONG_CHARS = 300;

/**
 * Mocha's dots and closing lines, with the full title of every skipped test below them, and last a line for each failed one, so that
 * the end of a log says what failed. A test skipped without saying why ("... (skipped: reason)") fails the run: what nobody explains,
 * nobody misses.
 */
class ClosingListsReporter extends Mocha.reporters.Dot {
  readonly #skipped: string[] = [];
  readonly #failed: string[] = [];

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test) => {
      this.#skipped.push(test.fullTitle());
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, { message }: Error) => {
      const [wrong = ""] = message.split("\n", 1);
      this.#failed.push(`${test.fullTitle()}: ${wrong.slice(0, MAX_WRONG_CHARS)}`);
    });
  }

  override done(failures: number, finish: (failures: number) => void): void {
    for (const title of this.#skipped) process.stdout.write(`  - ${title}\n`);
    const unexplained = this.#skipped.filter((title) => !REASON.test(title));
    for (const title of unexplained) process.stdout.write(`  skipped without a reason: ${title}\n`);
    for (const line of this.#failed) process.stdout.write(`  failed: ${line}\n`);
    finish(failures + unexplained.length);
  }
}

// Mocha loads a reporter with require().
export { ClosingListsReporter as "module.exports" };
