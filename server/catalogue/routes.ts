import { fromUtf8 } from "../../protocol/bytes.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
import type { CatalogueHistory } from "./history.ts";

/** A version never changes, so caches may keep it for as long as they know how to (RFC 8246). */
const FOR_EVER = "public, max-age=31536000, immutable";
/** The catalogue changes a few times a year, and whoever changes it wants to see it. */
const FOR_A_MINUTE = "public, max-age=60";

/** The catalogue for everybody: what is in force, and every version there ever was, byte for byte. */
export function catalogueRoutes(history: CatalogueHistory): Route[] {
  return [
    {
      name: "getCatalogue",
      method: "get",
      path: "/v1/catalogue",
      handle: async () => {
        const versions = await history.versions();
        const current = versions.at(-1);
        if (current === undefined)
          throw new LedgerError("unknown-catalogue", "No catalogue is recorded yet; try again in a moment.");
        const catalogue: unknown = JSON.parse(fromUtf8(await history.file(current)));
        return {
          json: { ...current, catalogue, versions },
          headers: { "cache-control": FOR_A_MINUTE },
        };
      },
    },
    {
      name: "getCatalogueVersion",
      method: "get",
      path: "/v1/catalogue/:version",
      handle: async (request) => {
        const version = request.parameter("version");
        const recorded = (await history.versions()).find((each) => each.version === version);
        if (recorded === undefined)
          throw new LedgerError("unknown-catalogue", "There is no such version; /v1/catalogue lists them.");
        return {
          type: "application/json",
          body: await history.file(recorded),
          headers: { "cache-control": FOR_EVER },
        };
      },
    },
  ];
}
