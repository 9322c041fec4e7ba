import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import path from "node:path";
import { createLocalJWKSet, type JWK } from "jose";
import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { Config } from "../../config.ts";
import { LedgerError } from "../../errors.ts";
import type { IssuerKeys } from "../issuer-keys.ts";
import { clientKeyFile, keptKey, privateJwk, publicJwk } from "./keys.ts";
import { type DemoPerson, demoPeople } from "./people.ts";
import { loadProvider, startProvider } from "./provider.ts";
import { readResidents } from "./residents.ts";

/** Where the server has it. */
export const SIGN_ON_PATH = "/oidc";

/** The development sign-on cannot be had; the message says why. */
export class DevelopmentSignOnError extends Error {
  override readonly name = "DevelopmentSignOnError";
}

export interface DevelopmentSignOn {
  /** The ledger as this machine reaches it, which the tokens are for; undefined before the server listens, and where people reach it by a network's address. */
  readonly base: () => string | undefined;
  /** The keys that its tokens are signed by, without asking it. */
  readonly keys: IssuerKeys;
  /** Answers what comes below `SIGN_ON_PATH`. @throws LedgerError */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Makes keys for the systems of these agencies, which sign on with them. */
  readonly admit: (agencies: readonly string[]) => void;
  /** Tells it where the server listens. */
  readonly listensAt: (url: string) => void;
}

/**
 * A sign-on for trying things out, on which anybody is whoever they pick. Therefore it exists on the embedded chain only, and answers only this machine:
 * nobody at all where people reach the ledger by a network's name, since a proxy may hide from where they come.
 * Its provider is loaded as soon as the server listens, and started by the first request.
 * @throws DevelopmentSignOnError outside the embedded environment.
 */
export function developmentSignOn(
  { environment, dataDir, publicUrl }: Pick<Config, "environment" | "dataDir" | "publicUrl">,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): DevelopmentSignOn {
  if (environment !== "embedded")
    throw new DevelopmentSignOnError(
      "the development sign-on exists on the embedded chain only; set OIDC_ISSUER to a real one",
    );
  const keysFolder = path.join(dataDir, "keys");
  const signingKey = keptKey(path.join(keysFolder, "sign-on.pem"));
  const isOnNetwork = publicUrl !== undefined && loopbackUrl(publicUrl) === undefined;
  const known = new Set<string>();
  let base: string | undefined;
  let provider: Promise<RequestListener> | undefined;

  const keys = once(async () => createLocalJWKSet({ keys: [await publicJwk(signingKey)] }));

  async function start(audience: string): Promise<RequestListener> {
    const fixed = (): readonly DemoPerson[] => demoPeople([...known].sort());
    const residents = readResidents(path.join(dataDir, "dev-people.json"));
    return await startProvider({
      issuer: audience + SIGN_ON_PATH,
      audience,
      signingKey: await privateJwk(signingKey),
      people: () => [...fixed(), ...residents.shown],
      personOf: (wanted) => fixed().find(({ id }) => id === wanted) ?? residents.find(wanted),
      agencyKey: async (agency): Promise<JWK | undefined> =>
        known.has(agency) ? await publicJwk(keptKey(clientKeyFile(keysFolder, agency))) : undefined,
      ...{ clock, log },
    });
  }

  return {
    base: () => base,
    keys: async (header, token) => await (await keys())(header, token),
    handle: async (request, response) => {
      requireThisMachine(request, base);
      provider ??= start(base).catch((error: unknown) => {
        provider = undefined;
        throw error;
      });
      (await provider)(request, response);
    },
    admit: (agencies) => {
      for (const agency of agencies) {
        if (known.has(agency)) continue;
        keptKey(clientKeyFile(keysFolder, agency));
        known.add(agency);
      }
    },
    listensAt: (url) => {
      base = isOnNetwork ? undefined : loopbackUrl(url);
      // If that fails, the first request says why.
      if (base !== undefined) void loadProvider().catch(() => undefined);
    },
  };
}

/**
 * Only programs of this machine, which ask for it by the name that it has: a page of another site that had its own name lead here could otherwise
 * sign on (DNS rebinding), and a proxy would let everybody in.
 */
function requireThisMachine(
  { headers, socket }: IncomingMessage,
  base: string | undefined,
): asserts base is string {
  const isProxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"].some(
    (name) => name in headers,
  );
  if (base === undefined || isProxied || !isLoopback(socket.remoteAddress ?? ""))
    throw new LedgerError(
      "not-found",
      "The development sign-on answers only on the machine of the ledger. Set OIDC_ISSUER to a real sign-on.",
    );
  if (headers.host !== new URL(base).host)
    throw new LedgerError("not-found", `The development sign-on is at ${base}${SIGN_ON_PATH}.`);
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address);
}

/** The URL by which this machine reaches a server that listens there; undefined when it listens on a network's address alone. */
function loopbackUrl(listening: string): string | undefined {
  const url = new URL(listening);
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  const isOwn = url.hostname === "localhost" || isLoopback(url.hostname.replace(/^\[|\]$/g, ""));
  return isOwn ? url.origin : undefined;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => await (made ??= make());
}
