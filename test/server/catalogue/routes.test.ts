import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import type { RecordedVersion } from "../../../server/catalogue/history.ts";
import { catalogueRoutes } from "../../../server/catalogue/routes.ts";
import type { Answer, RouteRequest } from "../../../server/route.ts";

const OLD: RecordedVersion = { version: "1", digest: "a".repeat(43), index: 0, time: 1_790_000_000 };
const NEW: RecordedVersion = { version: "2", digest: "b".repeat(43), index: 7, time: 1_790_000_001 };

/** The answer to a request of the route, given what is recorded. */
async function answer(name: string, versions: readonly RecordedVersion[], version = ""): Promise<Answer> {
  const history = {
    versions: () => Promise.resolve(versions),
    file: (recorded: RecordedVersion) => Promise.resolve(utf8(JSON.stringify({ version: recorded.version }))),
  };
  const route = catalogueRoutes(history).find((each) => each.name === name);
  const request: RouteRequest = {
    path: "",
    parameter: () => version,
    query: () => undefined,
    queryNames: [],
    accept: "application/json",
    header: () => undefined,
    body: new Uint8Array(),
  };
  return (await route?.handle(request, { role: "public" })) ?? { json: undefined };
}

describe("server/catalogue/routes", () => {
  it("answers the version that was recorded last, where it is recorded, and all others by name", async () => {
    expect(await answer("getCatalogue", [OLD, NEW])).to.deep.equal({
      json: { ...NEW, catalogue: { version: "2" }, versions: [OLD, NEW] },
      headers: { "cache-control": "public, max-age=60" },
    });
  });

  it("answers a version's bytes, to be kept for ever", async () => {
    expect(await answer("getCatalogueVersion", [OLD, NEW], "1")).to.deep.equal({
      type: "application/json",
      body: utf8('{"version":"1"}'),
      headers: { "cache-control": "public, max-age=31536000, immutable" },
    });
  });

  it("says so where nothing is recorded, or not this version", async () => {
    for (const unknown of [answer("getCatalogue", []), answer("getCatalogueVersion", [OLD, NEW], "3")]) {
      expect(await unknown.catch((error: unknown) => error)).to.have.property("code", "unknown-catalogue");
    }
  });
});
