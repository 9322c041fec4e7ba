import { fromUtf8 } from "../../protocol/bytes.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
import type { Sequencer } from "./sequencer.ts";

const MAX_RECEIPTS = 100;
const MAX_BODY_BYTES = 512 * 1024;

/** `POST /v1/receipts`: a recorder that is told of a gap shows what we promised it. */
export function sequenceRoutes(sequencer: Pick<Sequencer, "showReceipt">): Route[] {
  return [
    {
      name: "postReceipts",
      method: "post",
      path: "/v1/receipts",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body }) => {
        const receipts = receiptsIn(body);
        for (const receipt of receipts) await sequencer.showReceipt(receipt);
        return { json: { honoured: receipts.length } };
      },
    },
  ];
}

function receiptsIn(body: Uint8Array): readonly string[] {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: 2 });
  const receipts: unknown = isJsonObject(value) ? value["receipts"] : undefined;
  const isList = Array.isArray(receipts) && receipts.length > 0 && receipts.length <= MAX_RECEIPTS;
  if (!isList || !receipts.every((receipt) => typeof receipt === "string")) {
    throw new LedgerError("bad-request", `Send {"receipts": ["..."]} with 1 to ${MAX_RECEIPTS} receipts.`);
  }
  return receipts;
}
