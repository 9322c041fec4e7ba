import { isAddress } from "ethers";
import { fromHex } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { DeployError } from "./error.ts";
import type { AgencyPlan, LogPlan, Plan, RecorderPlan } from "./plan.ts";

/** What PLAN.json says. */
export interface PlanFile {
  readonly plan: Plan;
  readonly profile: Pick<TrustProfile, "name" | "finalityDepth" | "rpc">;
}

type Env = Readonly<Record<string, string | undefined>>;

const MAX_DEPTH = 6;
const ENTITLEMENTS: ReadonlyMap<unknown, number> = new Map([
  ["record", 1],
  ["seal", 2],
  ["erase", 4],
  ["mandate", 8],
]);
const KEY_BYTES = { EdDSA: 32, ES256: 65 } as const;

/**
 * Parses PLAN.json. Private keys are never in it: where an agency's account is to add recorder keys, `account` names
 * the environment variable that holds its key, as `{"env": "OPERATOR_ACCOUNT_KEY"}`; else it is the address.
 * @throws DeployError `plan-unusable` naming the member at fault.
 */
export function parsePlanFile(text: string, env: Env): PlanFile {
  const file = new Member("the plan", parseJson(text));
  const { log, operator, agencies, adminDelaySeconds, trustProfile } = file.members(
    ["log", "operator", "agencies", "trustProfile"],
    ["adminDelaySeconds"],
  );
  const { name, finalityDepth, rpc } = trustProfile.members(["name", "finalityDepth", "rpc"]);
  return {
    plan: {
      log: logPlan(log),
      operator: agencyPlan(operator, env),
      agencies: agencies.list().map((agency) => agencyPlan(agency, env)),
      ...(adminDelaySeconds === undefined ? {} : { adminDelaySeconds: adminDelaySeconds.integer() }),
    },
    profile: {
      name: name.text(),
      finalityDepth: finalityDepth.integer(),
      rpc: rpc.list().map((url) => url.text()),
    },
  };
}

function logPlan(member: Member): LogPlan {
  const { anchorer, checkpoint, receipt, vrf, maxGrowth } = member.members(
    ["anchorer", "checkpoint", "receipt", "vrf"],
    ["maxGrowth"],
  );
  return {
    anchorer: anchorer.address(),
    keys: {
      checkpoint: checkpoint.bytes(KEY_BYTES.EdDSA),
      receipt: receipt.bytes(KEY_BYTES.EdDSA),
      vrf: vrf.bytes(KEY_BYTES.EdDSA),
    },
    ...(maxGrowth === undefined ? {} : { maxGrowth: maxGrowth.integer() }),
  };
}

function agencyPlan(member: Member, env: Env): AgencyPlan {
  const { code, name, entitlements, account, recorders } = member.members(
    ["code", "name", "entitlements", "account"],
    ["recorders"],
  );
  return {
    code: code.text(),
    name: name.text(),
    entitlements: entitlements.list().reduce((sum, item) => sum | item.entitlement(), 0),
    account: accountOf(account, env),
    recorders: recorders?.list().map(recorderPlan) ?? [],
  };
}

function accountOf(member: Member, env: Env): AgencyPlan["account"] {
  if (!member.isObject()) return { address: member.address() };
  const variable = member.members(["env"]).env.text();
  const privateKey = env[variable];
  if (privateKey === undefined || !/^0x[0-9a-fA-F]{64}$/.test(privateKey)) {
    throw new DeployError("plan-unusable", `${variable} must hold a private key as 0x and 64 hex digits`);
  }
  return { privateKey };
}

function recorderPlan(member: Member): RecorderPlan {
  const { name, alg, key, fromSeq } = member.members(["name", "alg", "key", "fromSeq"]);
  const algorithm = alg.algorithm();
  return {
    name: name.text(),
    alg: algorithm,
    key: key.bytes(KEY_BYTES[algorithm]),
    fromSeq: fromSeq.integer(),
  };
}

/** A value in the file with the path that leads to it, for messages. */
class Member {
  readonly #path: string;
  readonly #value: unknown;

  constructor(path: string, value: unknown) {
    this.#path = path;
    this.#value = value;
  }

  isObject(): boolean {
    return isJsonObject(this.#value);
  }

  /** The members of an object, which has all the required ones and no unknown ones. */
  members<R extends string, O extends string = never>(
    required: readonly R[],
    optional: readonly O[] = [],
  ): Record<R, Member> & Partial<Record<O, Member>> {
    const value = this.#value;
    if (!isJsonObject(value)) throw this.#unusable("an object");
    const known: readonly string[] = [...required, ...optional];
    const names = Object.keys(value);
    if (required.some((name) => !names.includes(name)) || names.some((name) => !known.includes(name))) {
      throw this.#unusable(`an object with ${required.join(", ")} and nothing unknown`);
    }
    const entries = names.map((name) => [name, new Member(`${this.#path}.${name}`, value[name])] as const);
    return Object.fromEntries(entries) as Record<R, Member> & Partial<Record<O, Member>>;
  }

  list(): Member[] {
    if (!Array.isArray(this.#value)) throw this.#unusable("a list");
    return this.#value.map((item: unknown, i) => new Member(`${this.#path}[${i}]`, item));
  }

  text(): string {
    if (typeof this.#value !== "string" || this.#value === "") throw this.#unusable("a text");
    return this.#value;
  }

  integer(): number {
    if (typeof this.#value === "number" && Number.isSafeInteger(this.#value) && this.#value >= 0)
      return this.#value;
    throw this.#unusable("a whole number from 0");
  }

  address(): string {
    if (isAddress(this.#value) && this.text().startsWith("0x")) return this.text();
    throw this.#unusable("an address: 0x and 40 hex digits, in lower case or with the right checksum");
  }

  bytes(length: number): Uint8Array {
    const text = typeof this.#value === "string" ? this.#value : "";
    if (new RegExp(`^[0-9a-f]{${2 * length}}$`).test(text)) return fromHex(text);
    throw this.#unusable(`${length} bytes as ${2 * length} lowercase hex digits`);
  }

  entitlement(): number {
    const bit = ENTITLEMENTS.get(this.#value);
    if (bit === undefined) throw this.#unusable([...ENTITLEMENTS.keys()].join(", "));
    return bit;
  }

  algorithm(): keyof typeof KEY_BYTES {
    if (this.#value === "EdDSA" || this.#value === "ES256") return this.#value;
    throw this.#unusable("EdDSA or ES256");
  }

  #unusable(expected: string): DeployError {
    return new DeployError("plan-unusable", `${this.#path} must be ${expected}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(text, { maxDepth: MAX_DEPTH });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DeployError("plan-unusable", `the plan is not usable JSON: ${cause.message}`, { cause });
  }
}
