import type { Group, Head } from "./store.ts";

/** Checks that a group continues a log of this size. @throws RangeError, which is a mistake of the caller's. */
export function assertContiguous(group: Group, expectedSize: number): void {
  let size = expectedSize;
  for (const submission of group.submissions) {
    if (submission.index !== size) throw new RangeError(`expected the submission of index ${size}`);
    size += submission.count;
  }
  if (group.head.size !== size || group.head.frontier.size !== size || size === expectedSize) {
    throw new RangeError(`the group ends at ${size}, its head says ${group.head.size}`);
  }
}

/** Who wants to hear of new heads. What a listener throws is reported and changes nothing: the head is durable, and the others hear of it. */
export interface HeadListeners {
  readonly add: (listener: (head: Head) => void) => () => void;
  readonly tell: (head: Head) => void;
  readonly isEmpty: () => boolean;
}

/** @param onError what a listener threw; a warning of the process by default */
export function headListeners(
  onError: (error: unknown) => void = (error) =>
    process.emitWarning(`a listener of the log failed: ${String(error)}`),
): HeadListeners {
  const listeners = new Set<(head: Head) => void>();
  return {
    add: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (head) => {
      for (const listener of listeners) {
        try {
          listener(head);
        } catch (error) {
          onError(error);
        }
      }
    },
    isEmpty: () => listeners.size === 0,
  };
}
