import path from "node:path";
import { expect } from "chai";
import { ConfigError, readConfig } from "../../server/config.ts";

describe("server/config", () => {
  it("has a default for everything", () => {
    const config = readConfig({});
    expect(config).to.deep.include({
      environment: "embedded",
      dataDir: path.resolve("data"),
      host: "127.0.0.1",
      port: 8080,
      trustProfilePath: path.resolve("data/trust.json"),
      checkpointIntervalMs: 2000,
      anchorPromiseSeconds: 600,
    });
  });

  it("takes several nodes of the chain", () => {
    expect(readConfig({ RPC_URL: "http://a:1, https://b/x" }).rpcUrls).to.deep.equal([
      "http://a:1",
      "https://b/x",
    ]);
  });

  it("takes a folder of a catalogue, or none", () => {
    expect(readConfig({}).catalogueDir).to.equal(path.resolve("catalogue"));
    expect(readConfig({ CATALOGUE: "./mine" }).catalogueDir).to.equal(path.resolve("mine"));
    expect(readConfig({ CATALOGUE: "none" }).catalogueDir).to.equal(undefined);
  });

  it("takes durations with their unit", () => {
    expect(readConfig({ CHECKPOINT_INTERVAL: "500ms" }).checkpointIntervalMs).to.equal(500);
    expect(readConfig({ ANCHOR_PROMISE: "1h" }).anchorPromiseSeconds).to.equal(3600);
    expect(readConfig({})).to.include({ exchangeGraceSeconds: 3600, silenceLimitSeconds: 900 });
    expect(readConfig({ EXCHANGE_GRACE: "24h" }).exchangeGraceSeconds).to.equal(86_400);
    expect(readConfig({ SILENCE_LIMIT: "1500ms" }).silenceLimitSeconds).to.equal(2);
    expect(() => readConfig({ ANCHOR_PROMISE: "745h" })).to.throw(ConfigError, "ANCHOR_PROMISE");
  });

  const unusable: Record<string, string[]> = {
    PORT: ["", "x", "-1", "65536", "80.5", "0x50"],
    CHECKPOINT_INTERVAL: ["2", "0s", "-1s", "2 s", "forever"],
    EXCHANGE_GRACE: ["", "60", "0s"],
    SILENCE_LIMIT: ["", "15", "15 m"],
    RPC_URL: ["", "http://a,", "localhost:8545", "file:///etc/passwd"],
    ENVIRONMENT: ["", "prod", "toString"],
    CATALOGUE: [""],
    OPERATOR: ["", "Uppercase", "-a", "a/b", "a".repeat(32)],
    RECEIVE_WORKERS: ["0", "65"],
    SOURCE_EVENTS_PER_SECOND: ["0", "99"],
    LOG_LEVEL: ["loud"],
  };
  for (const [name, values] of Object.entries(unusable)) {
    for (const value of values) {
      it(`refuses ${name}=${JSON.stringify(value)} and names it`, () => {
        expect(() => readConfig({ [name]: value })).to.throw(ConfigError, name);
      });
    }
  }

  it("keeps a node's password out of the message", () => {
    expect(() => readConfig({ RPC_URL: "ws://user:hunter2@node" }))
      .to.throw(ConfigError)
      .to.not.match(/hunter2/);
  });
});
