/** Reads under way. Whatever one of them sees, LevelDB keeps on the disk until it ends. */
export interface ReadsUnderWay {
  /** Does the work and counts as under way until it is done. */
  during: <T>(work: () => Promise<T>) => Promise<T>;
  /** A read that goes on until the returned function is called. */
  begin: () => () => void;
  /** Resolves when every read that had begun before has ended. */
  ended: () => Promise<void>;
}

export function readsUnderWay(): ReadsUnderWay {
  const reads = new Set<Promise<unknown>>();

  function begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    reads.add(promise);
    return () => {
      reads.delete(promise);
      resolve(undefined);
    };
  }

  return {
    begin,
    during: async (work) => {
      const end = begin();
      try {
        return await work();
      } finally {
        end();
      }
    },
    ended: async () => {
      await Promise.all(reads);
    },
  };
}
