import { ConfigError, type Env, type Environment, isSafeUrl, oneOf } from "./config-values.ts";

/** Who says who people are: nobody (all are the public), the embedded development provider, or an OpenID Connect issuer. */
export type SignOnConfig =
  { readonly kind: "none" } | { readonly kind: "development" } | ({ readonly kind: "issuer" } & IssuerConfig);

export interface IssuerConfig {
  /** As the issuer writes it: `iss` of its tokens. */
  readonly issuer: string;
  /** What tokens for this ledger name as their audience. */
  readonly audience: string;
  /** `at+jwt` of RFC 9068, or the `JWT` of issuers that do not mark their access tokens. */
  readonly tokenType: "at+jwt" | "JWT";
  /** Whether tokens that any thief could use are refused. */
  readonly requireDpop: boolean;
  readonly claims: ClaimRules;
}

/** How an issuer's claims say who somebody is. */
export interface ClaimRules {
  readonly names: ClaimNames;
  /** What stands before our roles' names in the claim of roles. */
  readonly rolePrefix: string;
  /** Whoever has no role of ours. */
  readonly defaultRole: "citizen" | undefined;
}

export interface ClaimNames {
  readonly roles: string;
  readonly agency: string;
  readonly authority: string;
  readonly person: string;
  readonly scheme: string;
  readonly name: string;
}

/** What RFC 9068 calls roles, and plain names for the rest; `sub` is the one name that every issuer keeps stable. */
const DEFAULT_CLAIM_NAMES: ClaimNames = {
  roles: "roles",
  agency: "agency",
  authority: "authority",
  person: "person_number",
  scheme: "person_scheme",
  name: "sub",
};
const CLAIM_KEYS = ["roles", "agency", "authority", "person", "scheme", "name"] as const;
/** An issuer serves others too: their "operator" is not ours. */
const DEFAULT_ROLE_PREFIX = "minhbach:";

/** The issuer of the development provider's tokens differs only in where it listens. */
export const DEVELOPMENT_CLAIM_RULES: ClaimRules = {
  names: DEFAULT_CLAIM_NAMES,
  rolePrefix: DEFAULT_ROLE_PREFIX,
  defaultRole: undefined,
};

/** Reads the settings of the sign-on. Without an issuer: the development provider on the embedded chain, and nobody in production. */
export function signOnConfig(
  env: Env,
  { environment, publicUrl }: { readonly environment: Environment; readonly publicUrl: string | undefined },
): SignOnConfig {
  const wanted = env["OIDC_ISSUER"] ?? (environment === "embedded" ? "development" : "none");
  if (wanted === "none") return { kind: "none" };
  if (wanted === "development") {
    if (environment === "embedded") return { kind: "development" };
    throw new ConfigError(
      "OIDC_ISSUER=development signs on anybody as anybody: it is for the embedded chain only",
    );
  }
  const issuer = issuerUrl(wanted, environment);
  const audience = env["OIDC_AUDIENCE"] ?? publicUrl;
  if (audience === undefined || audience === "") {
    throw new ConfigError(
      "OIDC_AUDIENCE must be what the issuer's tokens for this ledger name as their audience",
    );
  }
  if (environment === "production" && publicUrl === undefined) {
    throw new ConfigError(
      "PUBLIC_URL must be how people reach this ledger: proofs that go with a token (DPoP) name it",
    );
  }
  return {
    kind: "issuer",
    ...{ issuer, audience },
    tokenType: oneOf("OIDC_TOKEN_TYPE", env["OIDC_TOKEN_TYPE"] ?? "at+jwt", ["at+jwt", "JWT"]),
    requireDpop:
      oneOf("OIDC_REQUIRE_DPOP", env["OIDC_REQUIRE_DPOP"] ?? "false", ["true", "false"]) === "true",
    claims: {
      names: claimNames(env["OIDC_CLAIMS"] ?? ""),
      rolePrefix: env["OIDC_ROLE_PREFIX"] ?? DEFAULT_ROLE_PREFIX,
      defaultRole:
        oneOf("OIDC_DEFAULT_ROLE", env["OIDC_DEFAULT_ROLE"] ?? "none", ["none", "citizen"]) === "citizen"
          ? "citizen"
          : undefined,
    },
  };
}

/** "roles=realm_access.roles,agency=org": the names that differ from the defaults. */
function claimNames(text: string): ClaimNames {
  const names: Record<keyof ClaimNames, string> = { ...DEFAULT_CLAIM_NAMES };
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const [, name, claim] = /^\s*([a-z]+)=(\S{1,128})\s*$/.exec(pair) ?? [];
    const key = CLAIM_KEYS.find((candidate) => candidate === name);
    if (key === undefined || claim === undefined) {
      throw new ConfigError(
        `OIDC_CLAIMS must be pairs like roles=realm_access.roles with commas between them; known are ${CLAIM_KEYS.join(", ")}`,
      );
    }
    names[key] = claim;
  }
  return names;
}

/** Whoever can change the issuer's keys on the way is everybody: over a network it takes https. */
function issuerUrl(value: string, environment: Environment): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (
    url === undefined ||
    !isSafeUrl(url, environment) ||
    url.search !== "" ||
    url.hash !== "" ||
    url.username !== ""
  ) {
    throw new ConfigError(
      'OIDC_ISSUER must be the https URL that the issuer writes into its tokens, without a query, or "none"',
    );
  }
  return value;
}
