import type { Uses } from "../../api/uses.ts";
import type { Entry } from "../../verify/entries.ts";
import type { Filter } from "./filter.ts";

/** How many of the newest events are asked about: what a person looks through. */
export const ASKED_ABOUT = 2000;

/** Log indexes of the entries to ask about: the newest. */
export function askedAbout(entries: readonly Entry[]): readonly number[] {
  return entries.map(({ index }) => index).reverse().slice(0, ASKED_ABOUT);
}

/** Why it is not known of some entries whether they were allowed; undefined while it is known of all, or still being asked. */
export function unknownWhy(
  entries: readonly Entry[],
  { hasFailed }: Pick<Uses, "hasFailed">,
): "failed" | "not-asked" | undefined {
  if (hasFailed) return "failed";
  return entries.length > ASKED_ABOUT ? "not-asked" : undefined;
}

/**
 * What can be said of what the filter left: `list` what is there; `waiting` that the answers it depends on are on their way; `nothing` that can be said,
 * where none is left and some are not known.
 */
export function sayable(
  shown: number,
  { onlyFindings }: Pick<Filter, "onlyFindings">,
  { isPending, isUnknown }: { readonly isPending: boolean; readonly isUnknown: boolean },
): "list" | "waiting" | "nothing" {
  if (!onlyFindings) return "list";
  if (isPending) return "waiting";
  return shown === 0 && isUnknown ? "nothing" : "list";
}
