import type { Look, RecordLook } from "../../../server/desk/looks.ts";
import type { Caller } from "../../../server/identity/caller.ts";

/** Keeps in memory the looks that it is asked to record, of whatever caller. */
export interface KeptLooks {
  readonly recordLook: RecordLook;
  readonly looks: readonly (Look & { readonly caller: Caller })[];
}

export function keptLooks(): KeptLooks {
  const looks: (Look & { readonly caller: Caller })[] = [];
  const recordLook: RecordLook = async (caller, look) => {
    await Promise.resolve();
    looks.push({ caller, ...look });
  };
  return { recordLook, looks };
}
