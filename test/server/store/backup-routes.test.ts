import { expect } from "chai";
import pino from "pino";
import type { LedgerError } from "../../../server/errors.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import type { Answer, RouteRequest } from "../../../server/route.ts";
import { backupRoutes, MACHINE_TOKEN_HEADER } from "../../../server/store/backup-routes.ts";

/** No request here comes so far as to read any records. */
const store = { snapshot: () => Promise.reject(new Error("the records were read")) };
const TOKEN = "a".repeat(43);
const OPERATOR: Caller = {
  ...{ role: "operator", name: "somebody" },
  signOn: { issuer: "development", subject: "somebody", expires: 0, tokenDigest: "" },
};

describe("server/store/backup-routes", () => {
  async function asked(machineToken: string, shown: string | undefined, keys = "true"): Promise<Answer> {
    const clock = { now: () => 0 };
    const [route] = backupRoutes({
      store,
      logName: "log",
      machineToken,
      clock,
      log: pino({ level: "silent" }),
    });
    const request: RouteRequest = {
      ...{ path: "/v1/backup", parameter: () => "", accept: "", body: new Uint8Array() },
      query: (name) => (name === "keys" ? keys : undefined),
      queryNames: ["keys"],
      header: (name) => (name === MACHINE_TOKEN_HEADER ? shown : undefined),
    };
    if (route === undefined) throw new Error("no route");
    return await route.handle(request, OPERATOR);
  }

  async function refused(...of: Parameters<typeof asked>): Promise<string> {
    return await asked(...of).then(
      () => "nothing",
      (error: unknown) => (error as LedgerError).code,
    );
  }

  it("gives the keys to who shows the token of the ledger's own files, and to nobody else", async () => {
    expect(await asked(TOKEN, TOKEN)).to.have.property("chunks");
    for (const shown of [undefined, "", "a", `${TOKEN}a`, `b${TOKEN.slice(1)}`])
      expect(await refused(TOKEN, shown), String(shown)).to.equal("forbidden");
    expect(await refused(TOKEN, TOKEN, "yes")).to.equal("bad-request");
  });

  it("gives the keys to nobody where the file of the token is empty", async () => {
    for (const shown of [undefined, "", TOKEN]) expect(await refused("", shown)).to.equal("forbidden");
  });
});
