import { equal } from "../../../protocol/bytes.ts";

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * What the published checkpoint and the last anchor say together. `same`: they are the same. `grown`: the log has gone on since. `behind`: what is published
 * is older than what was anchored, which passes when one of the two was asked a moment before the other. `differs`: one size and two contents, which is a lie.
 */
export type Agreement = "same" | "grown" | "behind" | "differs";

export function agreementOf(published: Tree, anchored: Tree): Agreement {
  if (published.size > anchored.size) return "grown";
  if (published.size < anchored.size) return "behind";
  return equal(published.root, anchored.root) ? "same" : "differs";
}
