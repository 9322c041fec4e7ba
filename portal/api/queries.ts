import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { isSignedOut, mayPass } from "./error.ts";
import { endSession } from "./session.ts";

const FRESH_MS = 30_000;
const MAX_RETRIES = 2;

/** What was asked and answered, kept while the page is open and nowhere else. */
export function newQueryClient(): QueryClient {
  const onError = (error: Error): void => {
    if (isSignedOut(error)) endSession(client);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) => mayPass(error) && failures < MAX_RETRIES,
        // Whether there is a network is what the attempt shows.
        networkMode: "always",
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
  return client;
}
