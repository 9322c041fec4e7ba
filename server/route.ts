import type { Caller } from "./identity/caller.ts";

/** One thing the server answers to. Stages export these; app.ts mounts them, and refuses one that no permission names. */
export interface Route {
  /** The `operationId` in openapi.yaml and the row in the permission table. */
  readonly name: string;
  readonly method: "get" | "post" | "put";
  /** Express path, such as `/v1/events/:index`. */
  readonly path: string;
  /** Answers the request or throws; what it throws is answered as a problem document. */
  readonly handle: (request: RouteRequest, caller: Caller) => Promise<Answer> | Answer;
  /** Bytes of body read before `handle`; without it a body is not read. */
  readonly maxBodyBytes?: number;
  /** The media type that a body must be declared as; without it nobody looks. */
  readonly bodyType?: string;
}

/** Gives a header of a request by its lowercase name. */
export type HeaderOf = (name: string) => string | undefined;

/** A request as far as a route needs it; everything in it still has to be parsed. */
export interface RouteRequest {
  /** The path without the query, percent-encoding untouched. */
  readonly path: string;
  /** What stands in the places of the route's path, decoded; empty for a place the path does not have. */
  readonly parameter: (name: string) => string;
  /** A query parameter; undefined when it is missing or given more than once. */
  readonly query: (name: string) => string | undefined;
  /** The names of all query parameters, as often as they are given. */
  readonly queryNames: readonly string[];
  /** The `Accept` header; empty when there is none. */
  readonly accept: string;
  /** Any other header by its lowercase name; undefined when it is missing. One that is sent several times comes joined. */
  readonly header: HeaderOf;
  /** Empty when the route takes none. */
  readonly body: Uint8Array;
}

/** What is sent back. Unless the headers say otherwise, no cache may keep it. */
export type Answer = {
  readonly status?: number;
  /** Lowercase names; one that is sent several times is a list. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
} & (
  | { readonly json: unknown }
  | { readonly type: string; readonly body: string | Uint8Array }
  /** Sent while it is made, as fast as it is taken. A failure on the way breaks the connection, so that the answer is seen to be cut off. */
  | {
      readonly type: string;
      readonly chunks: AsyncIterable<string | Uint8Array>;
      /** Time for it to be taken whole, in milliseconds, where that is not the edge's own. */
      readonly maxMs?: number;
    }
);
