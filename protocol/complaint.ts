/** How far a complaint has come. It ends decided or withdrawn. */
export type ComplaintState = "filed" | "answered" | "decided" | "withdrawn";

const NEXT: Readonly<Record<ComplaintState | "none", readonly ComplaintState[]>> = {
  none: ["filed"],
  // An inspector need not wait for an agency that does not answer.
  filed: ["answered", "decided", "withdrawn"],
  answered: ["decided", "withdrawn"],
  decided: [],
  withdrawn: [],
};

/**
 * The state of a complaint after an act, by the one it had before (undefined before the first); undefined when the act cannot come then, and
 * changes nothing. Acts count in the order of the log.
 * @param act The `state` of a `complaint` facet.
 */
export function complaintAfter(before: ComplaintState | undefined, act: string): ComplaintState | undefined {
  return NEXT[before ?? "none"].find((state) => state === act);
}

/** Whether somebody still has to act. */
export function isOpenComplaint(state: ComplaintState): boolean {
  return NEXT[state].length > 0;
}
