import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { gatherCommand } from "../../cli/gather.ts";
import { verifyCommand } from "../../cli/verify.ts";
import { parseSource } from "../../protocol/source.ts";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { ANNA, ANNAS_OLD, BINH, statementWorld } from "../verifier/statement-world.ts";
import { PROFILE } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

const IDS = [ANNA, ANNAS_OLD];
const one = statementWorld();
const two = statementWorld({
  profile: { ...PROFILE, logId: 2 },
  departures: {
    vrf: "vrf 2",
    sources: { police: parseSource("qn-police/r2"), health: parseSource("hue-health/r2") },
  },
});

interface Asked {
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** A ledger that answers a question for a statement; every other with 404. */
async function serveLedger(status: number, text: string) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      asked.push({ authorization: request.headers.authorization, body: JSON.parse(body) });
      const isStatement = request.method === "POST" && request.url === "/v1/statement";
      response.writeHead(isStatement ? status : 404).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, asked, close };
}

describe("minhbach gather", function () {
  this.timeout(600_000);
  let first: Awaited<ReturnType<typeof serveLedger>>;
  let second: typeof first;
  let refusing: typeof first;
  let babbling: typeof first;
  let files: Record<string, string>;

  before(async () => {
    first = await serveLedger(200, formatStatementLines(one.statement(IDS)));
    second = await serveLedger(200, formatStatementLines(two.statement(IDS)));
    refusing = await serveLedger(401, JSON.stringify({ detail: "The token is of another audience." }));
    babbling = await serveLedger(200, "<html>");
  });

  after(async () => {
    for (const ledger of [first, second, refusing, babbling]) await ledger.close();
  });

  beforeEach(() => {
    files = { "one.token": "aaa.bbb.ccc\n", "two.token": "ddd.eee.fff\n" };
    for (const ledger of [first, second]) ledger.asked.splice(0);
  });

  const gather = (...args: string[]): Promise<Ran> =>
    runCommands([gatherCommand(fetch)], ["gather", ...args], files);
  const federation = (): string =>
    JSON.stringify({
      logs: [
        { logId: 1, url: first.url },
        { logId: 2, url: `${second.url}/` },
      ],
    });

  async function verify(...args: string[]): Promise<Ran> {
    const { frozen, successor, ...other } = two.state();
    const state = { ...one.state(), otherLogs: [{ ...other, frozen, successor }] };
    state.recorderKeys = [...state.recorderKeys, ...other.recorderKeys];
    const node = await serveNode(nodeOf(state));
    const given = { type: "minhbach/trust-profile", version: 1, ...PROFILE, rpc: [node.url] };
    const named = { ...files, "trust.json": JSON.stringify(given) };
    const asked = ["verify", "all.json", "--trust", "trust.json", ...args];
    try {
      return await runCommands([verifyCommand(fetch)], asked, named);
    } finally {
      await node.close();
    }
  }

  it("shows each ledger its own token, and writes a file that verifies", async () => {
    files["federation.json"] = federation();
    const ran = await gather(
      ...["--federation", "federation.json", "--token", "one.token", "--token", "two.token"],
      ...["-o", "all.json"],
    );
    expect(ran.err).to.equal("");
    expect(ran.code).to.equal(0);
    expect(ran.out).to.match(/log 1: 9 events up to entry 12\n.*log 2: 9 events up to entry 12\n/);
    expect(ran.out).to.include("all.json holds 2 of 2 statements. Check it with minhbach verify.");
    expect(first.asked).to.deep.equal([{ authorization: "Bearer aaa.bbb.ccc", body: {} }]);
    expect(second.asked).to.deep.equal([{ authorization: "Bearer ddd.eee.fff", body: {} }]);
    const verified = await verify("--about", ANNA);
    expect(verified.code, verified.out).to.equal(0);
    expect(verified.out).to.include("✓ No log is missing").and.include("\nVALID: every check passed.\n");
    expect(verified.out).to.include(`Part of the log 5151:${PROFILE.anchorRegistry}:2\nVALID`);
    expect(verified.out.match(new RegExp(`person ${ANNA}: 7 events`, "g"))).to.have.length(2);
    const json = JSON.parse((await verify("--json")).out) as { parts: unknown[]; claim: { logs: unknown[] } };
    expect([json.parts.length, json.claim.logs.length]).to.deep.equal([2, 2]);
  });

  it("gathers what is there, and names what is not: the file says nothing of it, the verifier does", async () => {
    const down = await serveLedger(200, "");
    await down.close();
    const ledgers = [first, down, refusing, babbling].flatMap(({ url }) => ["--ledger", url]);
    const ran = await gather(...ledgers, "--token", "one.token", "-o", "all.json", "--about", ANNA);
    expect(ran.code).to.equal(3);
    const text = ran.out.replaceAll(/\s+/g, " ");
    expect(text).to.include(`${down.host} missing: it cannot be reached`);
    expect(text).to.include("missing: it refuses with status 401: The token is of another audience.");
    expect(text).to.include("missing: it answers with no statement: ");
    expect(text).to.include("holds 1 of 4 statements. 3 are missing: ask later.");
    expect(first.asked[0]?.body).to.deep.equal({ scheme: "vn-cccd", id: "001200000001" });
    const verified = await verify();
    expect(verified.code).to.equal(3);
    expect(verified.out).to.include("log 2 of the registry is missing");
    expect(verified.out).to.include("INCOMPLETE").and.include(`person ${ANNA}: 7 events`);
  });

  it("takes statements that were downloaded elsewhere", async () => {
    files["a.json"] = formatStatement(one.statement(IDS));
    files["b.json"] = formatStatement(two.statement([BINH]));
    expect((await gather("a.json", "b.json", "-o", "all.json")).code).to.equal(0);
    const verified = await verify();
    expect(verified.code).to.equal(1);
    expect(verified.out.replaceAll(/\s+/g, " ")).to.include(
      `✗ Every part is about the same person log 1 is about the person ${ANNA}, log 2 about the person ${BINH}`,
    );
  });

  it("tells a ledger of another log than the federation file names", async () => {
    files["federation.json"] = federation().replace(`"logId":2`, `"logId":3`);
    const ran = await gather(..."--federation federation.json --token one.token -o all.json".split(" "));
    expect(ran.code).to.equal(3);
    expect(ran.out.replaceAll(/\s+/g, " ")).to.include("it is the ledger of the log 5151:");
  });

  it("asks again when a ledger asks for time", async () => {
    let asked = 0;
    const server = createServer((request, response) => {
      request.resume();
      asked++;
      if (asked === 1) response.writeHead(429, { "retry-after": "1" }).end("{}");
      else response.writeHead(200).end(formatStatementLines(one.statement(IDS)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const args = `--ledger http://127.0.0.1:${port} --token one.token -o all.json`;
      expect((await gather(...args.split(" "))).code).to.equal(0);
      expect(asked).to.equal(2);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("writes nothing when no ledger answers", async () => {
    const ran = await gather("--ledger", refusing.url, "--token", "one.token", "-o", "all.json");
    expect(ran.code).to.equal(1);
    expect(files["all.json"]).to.equal(undefined);
  });

  describe("cannot use", () => {
    const cases: Record<string, readonly [args: string, says: string]> = {
      "no file to write": ["--ledger http://127.0.0.1:1 --token one.token", "--out"],
      "no ledger": ["-o all.json", "name ledgers"],
      "a ledger without a token": ["--ledger http://127.0.0.1:1 -o all.json", "a token file for each"],
      "too few tokens": [
        "--ledger http://127.0.0.1:1 --ledger http://127.0.0.1:2 --ledger http://127.0.0.1:3 --token one.token --token two.token -o all.json",
        "a token file for each of the 3 ledgers",
      ],
      "an address that would carry the token in clear": [
        "--ledger http://ledger.example --token one.token -o all.json",
        "must be asked by https",
      ],
      "an address that is none": [
        "--ledger ledger.example --token one.token -o all.json",
        "no http or https",
      ],
      "two lists of ledgers": [
        "--ledger http://127.0.0.1:1 --federation f.json --token one.token -o all.json",
        "not both",
      ],
      "a federation file with other members": ["--federation f.json --token one.token -o all.json", "f.json"],
      "a token file that holds more": [
        "--ledger http://127.0.0.1:1 --token f.json -o all.json",
        "no token file",
      ],
      "half an id": [
        "--ledger http://127.0.0.1:1 --token one.token -o all.json --about 001",
        "--about takes",
      ],
    };
    for (const [name, [args, says]] of Object.entries(cases)) {
      it(name, async () => {
        files["f.json"] = JSON.stringify({ logs: [{ logId: 1, url: "https://a.example", token: "secret" }] });
        const ran = await gather(...args.split(" "));
        expect(ran.code).to.equal(2);
        expect(ran.err).to.include(says).and.not.include("secret");
      });
    }
  });
});
