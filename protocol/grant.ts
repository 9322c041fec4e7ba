import type { OpenedFacets } from "./facet-values.ts";
import { isJsonObject } from "./json.ts";

/**
 * `outcome.detail` of the `action` with which an agency says that it granted what it had offered: everything that was to be done for it is done. Such
 * actions are what is drawn for a later inspection.
 */
export const GRANTED = "granted";

/** Whether an event with these facets says that something was granted. */
export function isGrant({ type, outcome }: OpenedFacets): boolean {
  return (
    type === "action" &&
    isJsonObject(outcome) &&
    outcome["code"] === "success" &&
    outcome["detail"] === GRANTED
  );
}
