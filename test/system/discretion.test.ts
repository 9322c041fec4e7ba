import { Writable } from "node:stream";
import { expect } from "chai";
import type { App } from "../../server/app.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { SECRETS, STEPS, type World } from "./discretion-steps.ts";
import { type Deployed, deployed, fetchUntil, startLedger } from "./fixture.ts";

describe("nothing about people is logged or told in an error", function () {
  this.timeout(600_000);
  let system: Deployed;
  let app: App;
  let world: World;
  /** What was written anywhere, by where. */
  let written: { where: string; text: string }[];
  let secrets: Map<string, string>;
  let restore: (() => void)[];

  before(async () => {
    written = [];
    secrets = new Map(Object.entries(SECRETS));
    restore = [process.stdout, process.stderr].map((stream) => overhear(stream));
    system = await deployed();
    const logTo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push({ where: "the log", text: chunk.toString() });
        done();
      },
    });
    app = await startLedger(system, { config: { catalogueDir: CATALOGUE, logLevel: "trace" }, logTo });
    await fetchUntil(`${app.url}/ready`);
    world = { system, app, call, keepSecret: (name, text) => secrets.set(name, text) };
  });
  after(async () => {
    await app.close();
    await system.destroy();
    for (const end of restore) end();
  });

  for (const { what, run } of STEPS)
    it(`while ${what}`, async () => {
      await run(world);
      expect(told()).to.deep.equal([]);
    });

  it("nor in what the machine says about itself", async () => {
    for (const path of ["/metrics", "/health", "/ready", "/v1/sources", "/v1/anchors"]) {
      const answer = await fetch(app.url + path);
      written.push({ where: path, text: await answer.text() });
    }
    await app.close();
    expect(told()).to.deep.equal([]);
    expect(written.filter(({ where }) => where === "the log")).to.not.have.length(0);
    app = await startLedger(system);
  });

  it("and the search finds what is hidden in an encoding", () => {
    const [number, name] = [SECRETS.person, SECRETS.officialName];
    for (const text of [
      `x${number}y`,
      encodeURIComponent(name),
      JSON.stringify({ name }).replace(
        /[^\x20-\x7e]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
      ...["", "a", "ab"].flatMap((before) => {
        const bytes = Buffer.from(`${before}${number}${name} and more`);
        return [bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("hex")];
      }),
    ]) {
      written = [{ where: "here", text }];
      expect(told(), text).to.not.deep.equal([]);
    }
  });

  /** Where which secret is, once each. */
  function told(): string[] {
    const found = new Set<string>();
    for (const { where, text } of written)
      for (const [name, secret] of secrets)
        if (spellings(secret).some((spelling) => text.includes(spelling)))
          found.add(`${name} in ${where}: ${text.slice(0, 300)}`);
    return [...found];
  }

  async function call(path: string, init: RequestInit = {}): Promise<number> {
    const answer = await fetch(app.url + path, { redirect: "manual", ...init });
    const text = await answer.text().catch(() => "");
    const headers = JSON.stringify([...answer.headers]);
    if (answer.status >= 400)
      written.push({ where: `the answer ${answer.status} to ${init.method ?? "GET"}`, text: headers + text });
    return answer.status;
  }

  function overhear(stream: NodeJS.WriteStream): () => void {
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array, ...rest: []) => {
      written.push({ where: "the output", text: Buffer.from(chunk).toString() });
      return write(chunk, ...rest);
    };
    return () => (stream.write = write);
  }
});

/** How a text may stand in another: as it is, in a URL, in JSON without other than ASCII letters, in hexadecimal, and in base64 wherever it begins. */
function spellings(secret: string): readonly string[] {
  const ascii = secret.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const base64 = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // Only the groups of three bytes that are all the secret's.
    const whole = bytes.subarray(before === 0 ? 0 : 3, bytes.length - (bytes.length % 3));
    return [whole.toString("base64"), whole.toString("base64url")];
  });
  return [secret, encodeURIComponent(secret), ascii, Buffer.from(secret).toString("hex"), ...base64];
}
