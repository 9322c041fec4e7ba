import type { Bytes } from "../../protocol/bytes.ts";
import { EMPTY_ROOT } from "../../protocol/merkle.ts";
import { proveConsistency, readRoot } from "../../protocol/proof-nodes.ts";
import type { Integrator } from "../integrate/integrator.ts";
import { type AnchorContent, NO_INDEX_ROOT } from "./content.ts";

/** What the anchorer asks of the log's tree. */
export interface Checkpoints {
  /** The newest published checkpoint with the index it goes with; undefined while the log catches up after a start. */
  latest: () => AnchorContent | undefined;
  /** The root of the first `size` leaves; undefined when the tree is shorter. */
  rootAt: (size: number) => Promise<Bytes | undefined>;
  /** The RFC 9162 proof between two sizes of the tree; empty from size 0 and between equal sizes. */
  consistencyProof: (oldSize: number, newSize: number) => Promise<Bytes[]>;
  /** The signed note (C2SP checkpoint) over a size and its root. The same bytes each time. */
  sign: (size: number, root: Bytes) => string;
}

/** The integrator's checkpoints, anchored without an index. */
export function checkpointsOf(
  integrator: Pick<Integrator, "checkpoint" | "tree">,
  sign: Checkpoints["sign"],
): Checkpoints {
  return {
    latest: () => {
      const checkpoint = integrator.checkpoint();
      if (checkpoint === undefined) return undefined;
      const { size, root } = checkpoint;
      return { size, root, indexSize: 0, indexRoot: NO_INDEX_ROOT };
    },
    rootAt: async (size) => {
      const { edge, readNodes } = integrator.tree();
      if (size > edge.size) return undefined;
      return size === 0 ? EMPTY_ROOT : readRoot(size, readNodes);
    },
    consistencyProof: (oldSize, newSize) => proveConsistency(oldSize, newSize, integrator.tree().readNodes),
    sign,
  };
}
