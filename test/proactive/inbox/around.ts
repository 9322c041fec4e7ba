import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { JWTHeaderParameters } from "jose";
import type { NewMessage, ShownCase, ShownMessage } from "../../../proactive/inbox/message.ts";
import { type InboxLimits, type InboxService, startInboxService } from "../../../proactive/inbox/service.ts";
import { type KeyPair, signed, startIssuer, type TestIssuer } from "../../server/identity/issuer.ts";

export const AUDIENCE = "https://inbox.example";
export const SECRET = new Uint8Array(32).fill(7);
export const AN = { scheme: "vn-cccd", id: "999199000001" } as const;
export const BINH = { scheme: "vn-cccd", id: "999199000002" } as const;
/** 8 in the morning of 22 November 2026 in Vietnam. */
const START = Date.UTC(2026, 10, 22, 1);

export const MESSAGE: NewMessage = {
  ...{ key: "DRIVER_LIC-1 message", person: AN, caseId: "DRIVER_LIC-1", procedure: "DRIVER_LIC" },
  text: { vi: "Giấy phép lái xe của ông bà sắp hết hạn.", en: "Your driving licence ends soon." },
  answers: ["accept", "correct", "decline", "later", "object"],
};

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export interface Page {
  readonly messages: readonly ShownMessage[];
  readonly cases: readonly ShownCase[];
  readonly changes: number;
  readonly more: boolean;
}

/** A running inbox service with its issuer and a clock. */
export class Around {
  readonly issuer: TestIssuer;
  readonly directory: string;
  readonly limits: Partial<InboxLimits>;
  readonly logged: object[] = [];
  now = START;
  #service: InboxService | undefined;

  private constructor(issuer: TestIssuer, directory: string, limits: Partial<InboxLimits>) {
    [this.issuer, this.directory, this.limits] = [issuer, directory, limits];
  }

  static async start(limits: Partial<InboxLimits> = {}): Promise<Around> {
    const directory = await mkdtemp(path.join(tmpdir(), "minhbach-inbox-"));
    const around = new Around(await startIssuer(), directory, limits);
    around.#service = await around.started();
    return around;
  }

  get service(): InboxService {
    if (this.#service === undefined) throw new Error("the service is not started");
    return this.#service;
  }

  private async started(): Promise<InboxService> {
    const log = (fields: object): void => void this.logged.push(fields);
    return await startInboxService({
      ...{ directory: this.directory, secret: SECRET, limits: this.limits, port: 0 },
      ...{ issuer: this.issuer.url, audience: [AUDIENCE, "https://ledger.example"] },
      ...{ logger: { warn: log, error: log }, now: () => this.now },
      // Every agency writes about everything but business.
      mayWrite: (_agency, procedure) => procedure !== "BUSINESS_REG",
    });
  }

  async end(): Promise<void> {
    await this.service.close();
    await this.issuer.close();
    await rm(this.directory, { recursive: true });
  }

  /** Closes the service and starts it again in the same folder. */
  async restart(): Promise<void> {
    await this.service.close();
    this.#service = await this.started();
  }

  async tokenWith(
    claims: object,
    { key, header }: { readonly key?: KeyPair; readonly header?: Partial<JWTHeaderParameters> } = {},
  ): Promise<string> {
    const [own] = this.issuer.keys;
    if (own === undefined) throw new Error("the issuer has no key");
    const iat = Math.floor(this.now / 1000);
    const all = { iss: this.issuer.url, aud: AUDIENCE, sub: "s-1", client_id: "c-1", jti: randomUUID() };
    return await signed({ ...all, iat, exp: iat + 3600, ...claims }, key ?? own, header);
  }

  async person({ scheme, id }: { readonly scheme: string; readonly id: string }): Promise<string> {
    return await this.tokenWith({ roles: ["minhbach:citizen"], person_scheme: scheme, person_number: id });
  }

  async agency(agency = "qn-police"): Promise<string> {
    return await this.tokenWith({ roles: ["minhbach:agency"], agency });
  }

  async ask(
    method: string,
    where: string,
    { token, body }: { readonly token?: string; readonly body?: unknown } = {},
  ): Promise<Reply> {
    const response = await fetch(this.service.url + where, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** Writes a message like MESSAGE; its status. */
  async write(message: Partial<NewMessage> = {}, agency = "qn-police"): Promise<number> {
    const body = { ...MESSAGE, ...message };
    return (await this.ask("POST", "/v1/messages", { token: await this.agency(agency), body })).status;
  }

  async show(caseId: string, progress: object, agency = "qn-police"): Promise<number> {
    const [token, body] = [
      await this.agency(agency),
      { state: "waiting", steps: [], at: this.now, ...progress },
    ];
    return (await this.ask("PUT", `/v1/cases/${caseId}`, { token, body })).status;
  }

  async inboxOf(person: { readonly scheme: string; readonly id: string }, query = ""): Promise<Page> {
    const { body } = await this.ask("GET", `/v1/messages${query}`, { token: await this.person(person) });
    return body as Page;
  }

  /** Answers a message; the status, and the code where it was refused. */
  async answer(
    person: { readonly scheme: string; readonly id: string },
    number: number,
    body: object,
  ): Promise<number | string> {
    const token = await this.person(person);
    const reply = await this.ask("POST", `/v1/messages/${number}/answer`, { token, body });
    return reply.status === 200 ? 200 : codeOf(reply);
  }

  async answersTo(agency = "qn-police", query = ""): Promise<readonly Record<string, unknown>[]> {
    const { body } = await this.ask("GET", `/v1/answers${query}`, { token: await this.agency(agency) });
    return (body as { answers: Record<string, unknown>[] }).answers;
  }
}

export function codeOf({ body }: Reply): string {
  return (body as { code: string }).code;
}
