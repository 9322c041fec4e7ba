import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { KeyError } from "../../keys/errors.ts";
import { readSecretFile } from "../../keys/secret-file.ts";

describe("keys/secret-file", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "minhbach-secret-"));
    file = path.join(folder, "key");
    writeFileSync(file, " s3cret\n", { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("reads a file of its owner alone, through the links that containers make of their secrets", () => {
    const link = path.join(folder, "link");
    symlinkSync(file, link);
    expect(readSecretFile(link)).to.equal("s3cret");
    chmodSync(file, 0o400);
    expect(readSecretFile(file)).to.equal("s3cret");
  });

  for (const mode of [0o604, 0o644, 0o602])
    it(`refuses mode ${mode.toString(8)} and says what to run`, () => {
      chmodSync(file, mode);
      expect(() => readSecretFile(file))
        .to.throw(KeyError, "chmod 600")
        .that.satisfies(({ message }: KeyError) => !message.includes("s3cret"));
    });

  it("takes a group's permission for root's group alone", () => {
    chmodSync(file, 0o440);
    const read = (): string => readSecretFile(file);
    if (process.getuid?.() === 0 && process.getgid?.() === 0) expect(read()).to.equal("s3cret");
    else expect(read).to.throw(KeyError, "chmod 600");
  });

  it("refuses what is no file of a key", () => {
    expect(() => readSecretFile(path.join(folder, "none"))).to.throw(KeyError, "cannot be read");
    writeFileSync(file, "x".repeat(9000));
    expect(() => readSecretFile(file)).to.throw(KeyError, "too large");
  });
});
