import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseCheckpoint, type SignedCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parseTrustProfile, type TrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { ApiError } from "./error.ts";
import { ask, problemOf, send } from "./request.ts";

const size = v.number();

const HEALTH = v.object({
  status: v.picklist(["ready", "not ready"]),
  /** In English, for the operator. */
  problems: v.array(v.string()),
  events: v.object({ recorded: size, published: size, indexed: size, anchored: size }),
  anchoring: v.object({
    /** How long the oldest entry has waited that no anchor covers. */
    lagSeconds: v.number(),
    lastAnchor: v.optional(v.object({ size, block: v.number(), time: v.number() })),
  }),
  chain: v.object({ reachable: v.boolean() }),
});
/** How the ledger says it is. */
export type Health = v.InferOutput<typeof HEALTH>;

const SOURCE = v.object({
  source: v.string(),
  /** When something was last received of it, Unix seconds. */
  lastTime: v.number(),
  events: v.number(),
  openFindings: v.record(v.string(), v.number()),
});
export type SourceLine = v.InferOutput<typeof SOURCE>;

const SOURCES = v.object({ asOf: v.number(), sources: v.array(SOURCE), next: v.optional(v.string()) });

/** All that report, as of the server's clock. */
export interface Sources {
  readonly asOf: number;
  readonly sources: readonly SourceLine[];
  /** There are more than are shown. */
  readonly hasMore: boolean;
}

export const LIVE_MS = 10_000;

/**
 * A page that is open shows what is new without its person doing anything, unless they paused it; where nothing could be had, the person tries again.
 */
function kept(isLive: boolean) {
  return {
    refetchInterval: ({ state }: { readonly state: { readonly data: unknown } }) =>
      isLive && state.data !== undefined && LIVE_MS,
    refetchOnWindowFocus: isLive,
    refetchOnReconnect: isLive,
    staleTime: LIVE_MS / 2,
  } as const;
}

/** @param isLive whether it is asked for again by itself; so below */
export function useHealth(isLive: boolean) {
  return useQuery({ queryKey: ["health"], queryFn: ({ signal }) => readHealth(signal), ...kept(isLive) });
}

/** A ledger that is not ready says so with the status 503, and all the same how it is. */
async function readHealth(signal: AbortSignal): Promise<Health> {
  const response = await send("/health", { signal, background: true });
  const answer: unknown = await response.json().catch(() => undefined);
  const read = v.safeParse(HEALTH, answer);
  if (read.success) return read.output;
  if (!response.ok) throw problemOf(response, answer);
  throw new ApiError("not-understood", "/health", { status: response.status });
}

/** As many as one page has; there are some thousands at most. */
const SOURCES_AT_ONCE = 1000;

export function useSources(isLive: boolean) {
  return useQuery({
    queryKey: ["sources"],
    queryFn: async ({ signal }): Promise<Sources> => {
      const path = `/v1/sources?limit=${SOURCES_AT_ONCE}`;
      const { asOf, sources, next } = await ask(SOURCES, path, { signal, background: true });
      return { asOf, sources, hasMore: next !== undefined };
    },
    ...kept(isLive),
  });
}

/** The newest checkpoint that the log has published. */
export function useCheckpoint(isLive: boolean) {
  return useQuery({
    queryKey: ["checkpoint"],
    queryFn: async ({ signal }): Promise<SignedCheckpoint> =>
      await textAt("/checkpoint", parseCheckpoint, signal),
    ...kept(isLive),
    structuralSharing: false,
  });
}

/** The trust profile of this log, as its server gives it. */
export async function readTrust(signal: AbortSignal): Promise<TrustProfile> {
  return await textAt("/portal/trust", parseTrustProfile, signal);
}

/** @throws ApiError */
async function textAt<T>(path: string, parse: (text: string) => T, signal: AbortSignal): Promise<T> {
  const response = await send(path, { signal, background: true });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw problemOf(response, undefined);
  try {
    return parse(fromUtf8(bytes));
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof TrustProfileError)) throw cause;
    throw new ApiError("not-understood", path, { status: response.status, cause });
  }
}
