import type { Request, Response } from "express";
import type { Caller } from "./caller.ts";

interface RouteOf<C extends Caller> {
  /** `operationId` in openapi.yaml. */
  readonly name: string;
  readonly method: "get" | "post" | "put";
  readonly path: string;
  /** Who may call it. */
  readonly role: C["role"];
  /** JSON bodies of at most so many bytes; none are read without it. */
  readonly maxBodyBytes?: number;
  /** Answers. What it throws is answered as a problem document. */
  readonly handle: (request: Request, response: Response, caller: C) => Promise<void>;
}

export type CitizenRoute = RouteOf<Extract<Caller, { role: "citizen" }>>;
export type AgencyRoute = RouteOf<Extract<Caller, { role: "agency" }>>;

/** One address of the service. */
export type InboxRoute = CitizenRoute | AgencyRoute;
