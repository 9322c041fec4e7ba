import { readdir, readFile } from "node:fs/promises";
import { expect } from "chai";
import { compiledArtifacts } from "../../scripts/compile-contracts.ts";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { deployRegistries, ethers } from "./fixture.ts";

const COMMITTED = new URL("../../server/anchor/contracts/", import.meta.url);

describe("The committed artifacts", () => {
  it("are what the compiler makes of the contracts now (node scripts/compile-contracts.ts writes them)", async () => {
    const fresh = await compiledArtifacts();
    expect(await readdir(COMMITTED)).to.have.members([...fresh.keys()]);
    for (const [file, content] of fresh) {
      expect((await readFile(new URL(file, COMMITTED), "utf8")) === content, file).to.be.true;
    }
  });

  it("hold the code that stands on the chain after a deployment", async () => {
    const { anchors, agencies } = await deployRegistries();
    for (const [contract, artifact] of [
      [anchors, anchorRegistryArtifact],
      [agencies, agencyRegistryArtifact],
    ] as const) {
      const code = await ethers.provider.getCode(await contract.contract.getAddress());
      expect(code === artifact.deployedBytecode, artifact.name).to.be.true;
    }
  });

  it("use no opcode newer than paris: they run on chains without PUSH0, MCOPY and transient storage", () => {
    const newer = new Map([
      [0x5f, "PUSH0"],
      [0x5e, "MCOPY"],
      [0x5c, "TLOAD"],
      [0x5d, "TSTORE"],
      [0x49, "BLOBHASH"],
      [0x4a, "BLOBBASEFEE"],
    ]);
    for (const { deployedBytecode } of [anchorRegistryArtifact, agencyRegistryArtifact]) {
      const used = opcodes(ethers.getBytes(deployedBytecode));
      for (const [opcode, name] of newer) expect(used.has(opcode), name).to.be.false;
    }
  });
});

/** The opcodes of a contract's code, without the data after PUSH and without the metadata at the end. */
function opcodes(code: Uint8Array): Set<number> {
  const metadataBytes = ((code.at(-2) ?? 0) << 8) + (code.at(-1) ?? 0) + 2;
  const used = new Set<number>();
  for (let at = 0; at < code.length - metadataBytes; at++) {
    const opcode = code[at] ?? 0;
    used.add(opcode);
    if (opcode >= 0x60 && opcode <= 0x7f) at += opcode - 0x5f;
  }
  return used;
}
