import { fromUtf8 } from "../../../protocol/bytes.ts";
import type { PublicKey } from "../../../protocol/jws.ts";
import { parsePayload } from "../../../protocol/payload.ts";
import type { StoredEvent } from "../../store/store.ts";
import { decisionOpener } from "./decision-keys.ts";
import { facetsOf } from "./opening.ts";
import { type RecordedUse, useIn } from "./use.ts";

/** Takes one opened event for what it is to the rule: undefined when it was erased or is neither an access nor an action. */
export type ReadUse = (event: StoredEvent) => RecordedUse | undefined;

/** As the reading thread does it, for single events. */
export function useReader(log: string, keys: () => readonly PublicKey[]): ReadUse {
  const open = decisionOpener(log);
  return ({ payload, disclosures }) => {
    if (disclosures === undefined) return undefined;
    const { src } = parsePayload(fromUtf8(payload));
    return useIn(src, facetsOf(disclosures), (jws) => open(jws, keys()));
  };
}
