import { expect } from "chai";
import { type Command, UnusableInput } from "../../cli/command.ts";
import { runCommands } from "./command-line.ts";

const greet: Command = {
  name: "greet",
  summary: "say something",
  help: "Usage: minhbach greet\n",
  run(args, { terminal }) {
    terminal.out(`hello ${args.join(" ")}\n`);
    return Promise.resolve(0);
  },
};
const refuse: Command = {
  ...greet,
  name: "house refuse",
  run: () => Promise.reject(new UnusableInput("this will not do\u001b[31m")),
};
const COMMANDS = [greet, refuse];

describe("runCommandLine", () => {
  it("runs the command of one or two words with the arguments after them", async () => {
    expect(await runCommands(COMMANDS, ["greet", "a", "b"])).to.deep.equal({
      code: 0,
      out: "hello a b\n",
      err: "",
    });
    expect((await runCommands(COMMANDS, ["house", "refuse"])).code).to.equal(2);
  });

  it("prints a fault of the input harmlessly, with where to read on", async () => {
    const { err } = await runCommands(COMMANDS, ["house", "refuse"]);
    expect(err).to.equal("minhbach: this will not do\\u{1b}[31m\nSee: minhbach house refuse --help\n");
  });

  it("prints a command's help wherever --help or -h stands", async () => {
    for (const args of [
      ["greet", "--help"],
      ["greet", "a", "-h"],
    ]) {
      expect(await runCommands(COMMANDS, args)).to.deep.equal({ code: 0, out: greet.help, err: "" });
    }
  });

  it("lists the commands when none is named", async () => {
    for (const args of [[], ["--help"], ["-h"]]) {
      const { code, out } = await runCommands(COMMANDS, args);
      expect(code).to.equal(0);
      expect(out).to.include("  greet         say something\n");
    }
  });

  it("ends with 2 for a command that does not exist", async () => {
    const { code, out, err } = await runCommands(COMMANDS, ["house", "build"]);
    expect(code).to.equal(2);
    expect(out).to.equal("");
    expect(err).to.include('there is no command "house build"').and.to.include("greet");
  });

  it("does not swallow faults of its own", async () => {
    const broken: Command = { ...greet, run: () => Promise.reject(new TypeError("bug")) };
    const outcome = await runCommands([broken], ["greet"]).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(TypeError);
  });
});
