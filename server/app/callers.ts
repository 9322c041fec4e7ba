import path from "node:path";
import { splitSource } from "../../protocol/source.ts";
import { DEVELOPMENT_CLAIM_RULES } from "../config-sign-on.ts";
import type { Beside } from "../edge.ts";
import { authenticator, type TrustedIssuer } from "../identity/authenticator.ts";
import type { SignedOn } from "../identity/caller.ts";
import { developmentTokens } from "../identity/dev-tokens.ts";
import { type DevelopmentSignOn, developmentSignOn, SIGN_ON_PATH } from "../identity/development/sign-on.ts";
import { dpopProofs } from "../identity/dpop.ts";
import { remoteKeys } from "../identity/issuer-keys.ts";
import { type Authenticator, knownTokens } from "../identity/tokens.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { Expiring } from "../store/expiring.ts";
import type { AppOptions } from "./parts.ts";

type Agencies = Pick<KeyDirectory, "keys" | "onChange">;
type CallerOptions = Pick<AppOptions, "config" | "clock" | "log"> & {
  /** Where proofs that were used are remembered for other servers of the log; undefined where there are none. */
  readonly proofs?: Pick<Expiring, "add"> | undefined;
};

/** How callers are known. */
export interface Callers {
  readonly callerOf: Authenticator["callerOf"];
  /** How people reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Who signs people on; undefined where nobody does, or not yet. */
  readonly issuer: () => Pick<TrustedIssuer, "issuer" | "requireDpop"> | undefined;
  /** The development sign-on, where it is. */
  readonly beside: Beside | undefined;
  /** Tells where the server listens. */
  readonly listensAt: (url: string) => void;
}

/**
 * By tokens of the issuer that the settings name; on the embedded chain also by the development tokens, one for each role and agency, and without
 * an issuer by those of the development sign-on. With none of them, everybody is the public.
 */
export function callersOf(options: CallerOptions, keys: Agencies): Callers {
  const { config, clock, log } = options;
  const development =
    config.signOn.kind === "development" ? developmentSignOn(config, { clock, log }) : undefined;
  let listening = "";
  const issuer = issuerOf(options, development);
  const publicUrl = (): string => config.publicUrl ?? development?.base() ?? listening;
  const { callerOf } = authenticator({
    ...{ findKept: keptTokens(options, keys), checkProof: dpopProofs(clock, { among: options.proofs }) },
    ...{ issuer, publicUrl },
  });
  if (config.signOn.kind === "none" && config.environment === "production")
    log.warn(
      "nobody can sign on, so everybody is the public: set OIDC_ISSUER to let people, agencies and inspectors in",
    );
  if (development !== undefined) followAgencies(keys, development.admit);
  return {
    ...{ callerOf, issuer, publicUrl },
    beside: development && { path: SIGN_ON_PATH, handle: development.handle },
    listensAt: (url) => {
      listening = url;
      development?.listensAt(url);
    },
  };
}

function issuerOf(
  { config, clock, log }: CallerOptions,
  development: DevelopmentSignOn | undefined,
): () => TrustedIssuer | undefined {
  const { signOn } = config;
  if (signOn.kind === "issuer") {
    const trusted = { ...signOn, clock, keys: remoteKeys({ issuer: signOn.issuer, clock, log }) };
    return () => trusted;
  }
  return () => {
    const audience = development?.base();
    if (development === undefined || audience === undefined) return undefined;
    return {
      ...{ issuer: audience + SIGN_ON_PATH, audience, keys: development.keys, clock },
      ...{ tokenType: "at+jwt", requireDpop: false, claims: DEVELOPMENT_CLAIM_RULES },
    };
  };
}

function keptTokens({ config }: CallerOptions, keys: Agencies): (token: string) => SignedOn | undefined {
  if (config.environment !== "embedded") return () => undefined;
  const file = path.join(config.dataDir, "dev-tokens.json");
  let find = knownTokens([]);
  followAgencies(keys, (agencies) => {
    find = knownTokens(developmentTokens(file, { environment: config.environment, agencies }));
  });
  return (token) => find(token);
}

/** Tells the agencies of the chain, now and whenever there are others. */
function followAgencies(keys: Agencies, tell: (agencies: readonly string[]) => void): void {
  const agencies = (): readonly string[] => [
    ...new Set(keys.keys().map(({ source }) => splitSource(source).agency)),
  ];
  tell(agencies());
  keys.onChange(() => tell(agencies()));
}
