import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { LedgerError } from "../errors.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import { parseBack } from "./back.ts";
import { BEGUN_SECONDS, type Begun, type BegunSignOns } from "./begun.ts";
import type { Cookie } from "./cookies.ts";
import type { Grant, Sessions } from "./sessions.ts";
import { type Refusal, SignOnRefused, type SignOnService } from "./sign-on-service.ts";

export interface SignOnRoutesOptions {
  readonly service: Pick<SignOnService, "addressFor" | "redeem">;
  readonly begun: BegunSignOns;
  readonly sessions: Pick<Sessions, "begin" | "end">;
  readonly sessionCookie: Cookie;
  readonly begunCookie: Cookie;
  /** Whom the grant shows. @throws LedgerError as for any request */
  readonly callerOf: (grant: Grant) => Promise<SignedOn>;
  /** How people reach this server, without a slash at the end. @throws SignOnRefused `none` where a session would go over a network in the clear */
  readonly publicUrl: () => string;
  readonly log: Logger;
}

const SIGN_ON = "/portal/sign-on";
const SIGNED_ON = "/portal/signed-on";
/** Language tags (RFC 5646) as far as ours have them. */
const LANGUAGE = /^[a-z]{2}$/;

/** Signing on: the way to the sign-on service, and back from it. Both are gone to with the whole window, so what goes wrong is told by a page. */
export function signOnRoutes(options: SignOnRoutesOptions): Route[] {
  const { service, begun, sessions, sessionCookie, begunCookie, log } = options;

  async function begin({ query, header }: RouteRequest): Promise<Answer> {
    const back = parseBack(query("back"));
    const language = query("language");
    if (language !== undefined && !LANGUAGE.test(language))
      throw new LedgerError("bad-request", "language is a tag of two letters, such as vi.");
    const url = options.publicUrl();
    const elsewhere = ownNameFor(header("host"), url);
    if (elsewhere !== undefined) return redirect(`${elsewhere}${SIGN_ON}?${given({ back, language })}`);
    const sealing: Begun = { state: secret(), nonce: secret(), verifier: secret(), back };
    const address = await service.addressFor(sealing, { redirectUri: url + SIGNED_ON, language });
    return redirect(address, [begunCookie.set(await begun.seal(sealing), BEGUN_SECONDS)]);
  }

  async function end(request: RouteRequest): Promise<Answer> {
    const { query, header } = request;
    const sealed = begunCookie.read(header);
    const opened = sealed === undefined ? undefined : await begun.open(sealed);
    if (opened === undefined || query("state") !== opened.state)
      throw new SignOnRefused("expired", "the sign-on took too long, or was begun in another browser");
    const callback = new URL(options.publicUrl() + SIGNED_ON);
    for (const name of new Set(request.queryNames)) callback.searchParams.set(name, query(name) ?? "");
    const grant = await service.redeem(callback, opened);
    const caller = await callerOf(grant);
    // Whatever session the browser had, or was given, is none any more.
    const before = sessionCookie.read(header);
    if (before !== undefined) await sessions.end(before);
    const { id, session } = await sessions.begin({ caller, grant });
    const seconds = Math.max(0, Math.ceil((session.ends - session.since) / 1000));
    return redirect(opened.back, [sessionCookie.set(id, seconds), begunCookie.forget()]);
  }

  async function callerOf(grant: Grant): Promise<SignedOn> {
    try {
      return await options.callerOf(grant);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      const reason = error.code === "unauthenticated" ? "refused" : "unavailable";
      throw new SignOnRefused(reason, error.message);
    }
  }

  function telling(handle: (request: RouteRequest) => Promise<Answer>): Route["handle"] {
    return async (request) => {
      try {
        return await handle(request);
      } catch (error) {
        if (!(error instanceof SignOnRefused)) throw error;
        log.info({ reason: error.reason, detail: error.message }, "a sign-on led nowhere");
        return redirect(addressOf(error.reason), [begunCookie.forget()]);
      }
    };
  }

  return [
    { name: "getSignOn", method: "get", path: SIGN_ON, handle: telling(begin) },
    { name: "getSignedOn", method: "get", path: SIGNED_ON, handle: telling(end) },
  ];
}

function addressOf(reason: Refusal): string {
  return `/portal/?sign-on=${reason}`;
}

function redirect(to: string, cookies: string[] = []): Answer {
  const headers = { location: to, ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) };
  return { status: 303, type: "text/plain", body: "", headers };
}

function given(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query.toString();
}

/**
 * The server by the name that it has, for a browser of this machine that came by another one (`localhost` for `127.0.0.1`): cookies belong to a
 * name, and the sign-on leads back to the one that it knows.
 */
function ownNameFor(host: string | undefined, publicUrl: string): string | undefined {
  const own = new URL(publicUrl);
  const asked = host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  const isOtherName =
    asked !== undefined &&
    asked.port === own.port &&
    asked.hostname !== own.hostname &&
    [asked, own].every(({ hostname }) => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname));
  return isOtherName ? publicUrl : undefined;
}

/** 256 random bits. */
function secret(): string {
  return randomBytes(32).toString("base64url");
}
