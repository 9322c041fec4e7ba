import type { Recorder } from "../../recorder/index.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import type { CorrectingParts } from "../cases/correcting.ts";
import { type AgencyToken, agencyTokens } from "../exchange/agency-token.ts";
import { type AskDecision, decisionPoint } from "../exchange/decision-point.ts";
import { personNumbered } from "../exchange/message.ts";
import { type CheckPermission, permissionChecker } from "../exchange/permission.ts";
import { onceOnlyReader } from "../exchange/reading.ts";
import { registerClient, type RegisterClient } from "../registers/client.ts";
import { type RegisterConfiguration, REGISTERS } from "../registers/configurations.ts";
import { type ReadRegister, registerReader } from "../registers/reading.ts";
import type { AgencyOptions } from "./options.ts";

/** How an agency exchanges data with the others: as every agency can. */
export interface Exchange {
  readonly token: AgencyToken;
  /** May we read this from them? */
  readonly ask: AskDecision;
  /** May they read this from us? */
  readonly check: CheckPermission;
  /** Reads from another agency's register. */
  readonly read: ReadRegister;
  readonly registers: RegisterClient;
}

export function exchangeOf(
  options: AgencyOptions,
  { recorder, register }: { readonly recorder: Recorder; readonly register: RegisterConfiguration },
): Exchange {
  const { code: agency, ledgerUrl, issuer, trust, signOnKey, urls, now } = options;
  const token = agencyTokens({ issuer, agency, key: signOnKey, now });
  const [node = ledgerUrl] = trust.rpc;
  const chain = chainReader(jsonRpc(node, { fetch, name: node }), node);
  const registers = registerClient({ urls: servicesAt(urls) });
  const ask = decisionPoint({ url: ledgerUrl, agency, token });
  const client = `${agency}/${register.code}`;
  const read = onceOnlyReader({ client, recorder, ask, send: registers.send, now });
  return {
    ...{ token, ask, registers, read: registerReader(read, personNumbered) },
    check: permissionChecker({ agency, trust, chain, now }),
  };
}

/** The address of each register's service, by the name that the records have. */
function servicesAt(urls: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.values(REGISTERS).flatMap(({ agency, code }) => {
      const url = urls[agency];
      return url === undefined ? [] : [[`${agency}/${code}`, url]];
    }),
  );
}

/** Tells registers what is right, in the name of this client. */
export function correcting({ correct }: RegisterClient, client: string): CorrectingParts["correct"] {
  return async ({ register, subject, category, value, messageId, procedure, caseId }) => {
    const person = personNumbered(subject);
    if (person === undefined) throw new RangeError("a correction is about nobody the ledger could name");
    const { agency, code } = REGISTERS[register];
    const message = { client, messageId, issue: caseId, procedure };
    return await correct(`${agency}/${code}`, message, { subject: person, category, value });
  };
}
