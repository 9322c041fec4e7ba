import { expect } from "chai";
import { trustShowCommand } from "../../cli/trust.ts";
import { PROFILE } from "../verifier/world.ts";
import { type Ran, runCommands } from "./command-line.ts";

const FILE = { type: "minhbach/trust-profile", version: 1, ...PROFILE };

describe("minhbach trust show", () => {
  it("shows what a profile says", async () => {
    const { code, out } = await show({ ...FILE, rpc: ["https://node.example/"] });
    expect(code).to.equal(0);
    expect(out).to.include("  name         Quảng Ninh\n");
    expect(out).to.include("  environment  production\n");
    expect(out).to.include(`  log          5151:${PROFILE.anchorRegistry}:1\n`);
    expect(out).to.include("  nodes        https://node.example/\n");
  });

  it("says what an embedded chain is good for, and that nodes are missing", async () => {
    const { out } = await show({ ...FILE, environment: "embedded" });
    expect(out).to.include("development only").and.to.include("none: name some with --rpc");
  });

  it("ends with 2 for anything else", async () => {
    expect((await show({ ...FILE, chainId: 0 })).err).to.include(
      "the member chainId must be a whole number from 1",
    );
    expect((await runCommands([trustShowCommand], ["trust", "show"])).code).to.equal(2);
    expect((await runCommands([trustShowCommand], ["trust", "show", "a", "b"])).code).to.equal(2);
    expect(
      (await runCommands([trustShowCommand], ["trust", "show", "bytes"], { bytes: "\0" })).code,
    ).to.equal(2);
  });
});

function show(profile: object): Promise<Ran> {
  return runCommands([trustShowCommand], ["trust", "show", "file"], { file: JSON.stringify(profile) });
}
