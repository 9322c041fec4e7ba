import type { Router } from "express";
import type { Recorder } from "../../recorder/index.ts";
import { deskRoutes } from "../cases/desk-routes.ts";
import type { Engine } from "../cases/engine.ts";
import { LEADS, mayNotify } from "../noticing/notice.ts";
import { noticeRoutes } from "../noticing/routes.ts";
import { orderRoutes } from "../orders/routes.ts";
import type { Performer } from "../orders/performer.ts";
import type { RegisterConfiguration } from "../registers/configurations.ts";
import type { Register } from "../registers/register.ts";
import { registerRoutes } from "../registers/routes.ts";
import { stepPlan } from "../rules/steps.ts";
import type { Exchange } from "./exchange.ts";
import type { AgencyOptions } from "./options.ts";

export interface RouteParts {
  readonly configuration: RegisterConfiguration;
  readonly register: Register;
  readonly recorder: Recorder;
  readonly engine: Engine;
  readonly performer: Performer;
  readonly exchange: Exchange;
  /** Something came that there may be something to do about. */
  readonly onNews: () => void;
}

/** Everything that an agency answers to. */
export function agencyRoutes(
  { code, now, staffToken }: AgencyOptions,
  { configuration, register, recorder, engine, performer, exchange, onNews }: RouteParts,
): readonly Router[] {
  // Whoever leads a procedure may have found out, with the person, what is right.
  const correctors = [...new Set(Object.values(LEADS))];
  return [
    registerRoutes({ register, recorder, check: exchange.check, correctors, now }),
    noticeRoutes({
      ...{ agency: code, recorder, mayNotify, now },
      take: async (procedure, occasion) => {
        const id = await engine.notice(procedure, occasion);
        onNews();
        return id === undefined ? "known" : "new";
      },
    }),
    orderRoutes({
      ...performer,
      mayOrder: (agency, procedure, step) =>
        LEADS[procedure] === agency && stepPlan(procedure, step)?.register === configuration.code,
    }),
    ...(staffToken === undefined ? [] : [deskRoutes({ engine, token: staffToken, onDecision: onNews })]),
  ];
}
