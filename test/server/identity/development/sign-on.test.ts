import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { systemClock } from "../../../../server/clock.ts";
import { LedgerError } from "../../../../server/errors.ts";
import {
  type DevelopmentSignOn,
  developmentSignOn,
  DevelopmentSignOnError,
} from "../../../../server/identity/development/sign-on.ts";
import { createLog } from "../../../../server/log.ts";

const EMBEDDED = { environment: "embedded", publicUrl: undefined } as const;
const parts = { clock: systemClock, log: createLog({ logLevel: "silent" }) };

describe("server/identity/development", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), "minhbach-sign-on-"));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  /** The code with which a request is refused; undefined when it is not. */
  async function refusal(
    signOn: DevelopmentSignOn,
    { from = "127.0.0.1", headers = {} }: { from?: string; headers?: Record<string, string> },
  ): Promise<string | undefined> {
    const socket = { remoteAddress: from };
    const request = {
      method: "GET",
      url: "/jwks",
      originalUrl: "/oidc/jwks",
      headers: { host: "127.0.0.1:8080", ...headers },
      socket,
    };
    const message = request as unknown as IncomingMessage;
    try {
      await signOn.handle(message, new ServerResponse(message));
      return undefined;
    } catch (error) {
      if (error instanceof LedgerError) return error.code;
      throw error;
    }
  }

  it("does not exist in production, and leaves nothing there", () => {
    expect(() => developmentSignOn({ ...EMBEDDED, environment: "production", dataDir }, parts)).to.throw(
      DevelopmentSignOnError,
      "OIDC_ISSUER",
    );
    expect(readdirSync(dataDir)).to.deep.equal([]);
  });

  it("answers this machine alone", async () => {
    const signOn = developmentSignOn({ ...EMBEDDED, dataDir }, parts);
    signOn.listensAt("http://0.0.0.0:8080");
    expect(signOn.base()).to.equal("http://127.0.0.1:8080");
    for (const from of ["192.0.2.1", "10.0.0.1", "::2", "::ffff:192.0.2.1", "", "127.0.0.1.evil.example"])
      expect(await refusal(signOn, { from }), from).to.equal("not-found");
    for (const from of ["127.0.0.1", "127.1.2.3", "::ffff:127.0.0.1", "::1"])
      expect(await refusal(signOn, { from }), from).to.equal(undefined);
    expect(await refusal(signOn, { headers: { host: "ledger.example" } })).to.equal("not-found");
    expect(await refusal(signOn, { headers: { "x-forwarded-for": "127.0.0.1" } })).to.equal("not-found");
  });

  it("answers nobody where the server listens on a network's address, nor before it listens", async () => {
    const signOn = developmentSignOn({ ...EMBEDDED, dataDir }, parts);
    expect(await refusal(signOn, {})).to.equal("not-found");
    signOn.listensAt("http://192.0.2.7:8080");
    expect(signOn.base()).to.equal(undefined);
    expect(await refusal(signOn, { headers: { host: "192.0.2.7:8080" } })).to.equal("not-found");
  });

  it("answers nobody where people reach the ledger by a network's name: a proxy may hide where they come from", async () => {
    for (const [publicUrl, expected] of [
      ["https://ledger.example", "not-found"],
      ["http://192.0.2.7:8080", "not-found"],
      ["http://localhost:9000", undefined],
    ] as const) {
      const signOn = developmentSignOn({ ...EMBEDDED, publicUrl, dataDir }, parts);
      signOn.listensAt("http://127.0.0.1:8080");
      expect(await refusal(signOn, {}), publicUrl).to.equal(expected);
    }
  });

  it("makes each agency's key once", () => {
    developmentSignOn({ ...EMBEDDED, dataDir }, parts).admit(["qn-health", "qn-police"]);
    const keys = path.join(dataDir, "keys");
    expect(readdirSync(keys).sort()).to.deep.equal([
      "client-qn-health.pem",
      "client-qn-police.pem",
      "sign-on.pem",
    ]);
  });
});
