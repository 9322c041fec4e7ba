import { LedgerError } from "../errors.ts";
import type { EdgeOptions } from "../edge.ts";
import type { SignedOn } from "../identity/caller.ts";
import { begunSignOns } from "../portal/begun.ts";
import { cookie } from "../portal/cookies.ts";
import { readPortalFiles } from "../portal/files.ts";
import { inboxRoutes } from "../portal/inbox-routes.ts";
import { pageRoutes } from "../portal/page-routes.ts";
import { sessionRoutes } from "../portal/session-routes.ts";
import { credentialsOf } from "../portal/bound-credentials.ts";
import { type Grant, openSessions } from "../portal/sessions.ts";
import { signOnRoutes } from "../portal/sign-on-routes.ts";
import { type SignOnIssuer, SignOnRefused, signOnService } from "../portal/sign-on-service.ts";
import { sessionEnded, visitFinder } from "../portal/visitors.ts";
import { isLoopback } from "../config-values.ts";
import type { Route } from "../route.ts";
import type { Expiring } from "../store/expiring.ts";
import type { Callers } from "./callers.ts";
import type { AppOptions } from "./parts.ts";

/** What a trust profile says that it is (docs/SPEC.md). */
const TRUST_PROFILE = { type: "minhbach/trust-profile", version: 1 };

type PortalOptions = Pick<AppOptions, "config" | "profile" | "clock" | "log"> & {
  /** Where the sessions are kept. */
  readonly expiring: Expiring;
  /** 32 bytes that all servers of the log have. */
  readonly secret: Uint8Array;
};

/** The portal, and how callers are known with it: by a token that they send, or by the session of the portal that holds one for them. */
export interface Portal extends Pick<EdgeOptions, "callerOf" | "forgetSession"> {
  /** They come after all others: the pages' answer to whatever path below theirs is left. */
  readonly routes: readonly Route[];
}

export async function portal(options: PortalOptions, callers: Callers): Promise<Portal> {
  const { config, clock, log } = options;
  if (config.portal.folder === undefined) return { callerOf: callers.callerOf, routes: [] };
  const isTls = config.publicUrl?.startsWith("https:") === true;
  const { idleMs, sessionMs, inboxUrl } = config.portal;
  const credentialsFor = credentialsOf(clock);
  const kept = options.expiring;
  const sessions = openSessions({ kept, credentialsOf: credentialsFor, clock, idleMs, maxMs: sessionMs });
  const sessionCookie = cookie({ name: "minhbach", sameSite: "Strict", isTls });
  // The browser is led back here from the sign-on service.
  const begunCookie = cookie({ name: "minhbach-sign-on", sameSite: "Lax", isTls });
  const origin = (): string => new URL(callers.publicUrl()).origin;
  const visitOf = visitFinder({ sessions, cookie: sessionCookie, origin });
  const issuer = issuerOf(options, callers);
  const service = signOnService({ issuer, clock, log });

  const callerOf: Portal["callerOf"] = async (shown, header) => {
    const visit = shown.authorization === undefined ? await visitOf(header) : undefined;
    if (visit === undefined) return await callers.callerOf(shown);
    const { method, path } = shown;
    const credentials = await visit.session.credentialsFor({ method, url: callers.publicUrl() + path });
    try {
      return await callers.callerOf({ ...{ method, path, dpop: undefined }, ...credentials });
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== "unauthenticated") throw error;
      // The token is in force no more: its issuer took the key back.
      await sessions.end(visit.id);
      throw sessionEnded();
    }
  };

  return {
    callerOf,
    forgetSession: sessionCookie.forget(),
    routes: [
      ...sessionRoutes({
        ...{ visitOf, sessionCookie, idleMs, clock },
        endSession: sessions.end,
        canSignOn: () => issuer() !== undefined,
        endAddress: async () => await service.endAddress(`${callers.publicUrl()}/portal/`),
        trust: () => ({ ...TRUST_PROFILE, ...options.profile, rpc: [`${callers.publicUrl()}/rpc`] }),
        hasInbox: inboxUrl !== undefined,
        contact: config.portal.contact,
        environment: config.environment,
      }),
      ...signOnRoutes({
        ...{ service, sessions, sessionCookie, begunCookie, log },
        begun: begunSignOns(clock, options.secret),
        callerOf: signedOnBy(callers, credentialsFor),
        publicUrl: callers.publicUrl,
      }),
      ...inboxRoutes({ url: inboxUrl, visitOf, clock, log }),
      ...pageRoutes({ files: await readPortalFiles(config.portal.folder), isTls }),
    ],
  };
}

/** A session over a network takes TLS: without it, whoever listens is signed on too. */
function issuerOf({ config }: PortalOptions, callers: Callers): () => SignOnIssuer | undefined {
  return () => {
    const trusted = callers.issuer();
    const url = new URL(callers.publicUrl());
    if (trusted === undefined || !(url.protocol === "https:" || isLoopback(url))) return undefined;
    const { clientId, scope } = config.portal;
    return { ...{ issuer: trusted.issuer, clientId, scope }, bindsTokens: trusted.requireDpop };
  };
}

/** Finds out who signed on, as from any request. */
function signedOnBy(
  { callerOf, publicUrl }: Callers,
  credentialsFor: ReturnType<typeof credentialsOf>,
): (grant: Grant) => Promise<SignedOn> {
  return async (grant) => {
    const [method, path] = ["GET", "/portal/signed-on"];
    const credentials = await credentialsFor(grant)({ method, url: publicUrl() + path });
    const caller = await callerOf({ ...{ method, path, dpop: undefined }, ...credentials });
    if (caller.role !== "public") return caller;
    throw new SignOnRefused("refused", "the token shows nobody");
  };
}
