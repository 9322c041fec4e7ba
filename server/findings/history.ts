import { isJsonObject } from "../../protocol/json.ts";
import type { StoreReader } from "../store/store.ts";
import type { FindingWithSteps } from "./board.ts";
import type { FindingStep } from "./states.ts";
import { facetsOf } from "./uses/opening.ts";

/** A step with what its event says beside the state. */
export type HistoryStep = FindingStep & {
  /** Code of the agency or inspectorate that took it, and what it said. */
  readonly authority?: string;
  readonly note?: string;
};

/** Steps shown of one finding, the newest: nobody decides as often. */
const MAX_STEPS = 100;

/** What became of a finding, step by step, as the log tells it. */
export async function findingHistory(
  { steps }: Pick<FindingWithSteps, "steps">,
  store: Pick<StoreReader, "events">,
): Promise<HistoryStep[]> {
  const shown = steps.slice(-MAX_STEPS);
  const events = await store.events(shown.map(({ index }) => index));
  return shown.map((step, at) => {
    const { inspection } = facetsOf(events[at]?.disclosures ?? "");
    const { authority, note } = isJsonObject(inspection) ? inspection : {};
    return {
      ...step,
      ...(typeof authority === "string" && { authority }),
      ...(typeof note === "string" && { note }),
    };
  });
}
