import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { readStaffToken, SettingError } from "../../proactive/settings.ts";

describe("proactive/settings: the officers' token", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-settings-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it("is what the file says, without the end of its line", async () => {
    const file = path.join(directory, "staff.token");
    await writeFile(file, "staff-token-of-the-agency\n");
    expect(await readStaffToken(file)).to.equal("staff-token-of-the-agency");
  });

  it("stands in no error when it was put where the file's path belongs", async () => {
    const token = "staff-token-of-the-agency";
    const error = await readStaffToken(token).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(SettingError);
    expect(inspect(error, { depth: null, showHidden: true })).not.to.contain(token);
    expect(error).to.have.property("message").that.contains("STAFF_TOKEN");
  });
});
