import { createHash, randomBytes } from "node:crypto";

/** Signs people on at a ledger's development sign-on, as their own program would: authorization code with PKCE (RFC 7636). */
export interface SignOn {
  /** A bearer token of somebody by the name that the sign-on has for them, good now. */
  readonly tokenOf: (person: string) => Promise<string>;
}

interface Kept {
  readonly token: string;
  readonly until: number;
}

const CLIENT = "minhbach-cli";
const REDIRECT = "http://127.0.0.1:45678/callback";
/** A token is not used in its last minutes. */
const MARGIN_MS = 5 * 60_000;
/** From the authorization request over the sign-on to the callback. */
const MAX_REDIRECTS = 5;

/** @param now milliseconds since 1970 */
export function developmentSignOn(ledgerUrl: string, now: () => number): SignOn {
  const issuer = `${ledgerUrl}/oidc`;
  const kept = new Map<string, Kept>();
  let endpoints: Promise<Endpoints> | undefined;

  async function signOn(person: string): Promise<string> {
    endpoints ??= discovered(issuer);
    const { authorization, token } = await endpoints;
    const verifier = randomBytes(32).toString("base64url");
    const parameters = new URLSearchParams({
      ...{ client_id: CLIENT, response_type: "code", redirect_uri: REDIRECT, scope: "openid ledger" },
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      ...{ code_challenge_method: "S256", login_hint: person },
    });
    const code = await codeFrom(`${authorization}?${parameters.toString()}`);
    const askedAt = now();
    const response = await fetch(token, {
      method: "POST",
      body: new URLSearchParams({
        ...{ grant_type: "authorization_code", code, code_verifier: verifier },
        ...{ client_id: CLIENT, redirect_uri: REDIRECT },
      }),
    });
    const issued = (await response.json()) as { access_token?: unknown; expires_in?: unknown };
    if (typeof issued.access_token !== "string")
      throw new Error(`the sign-on gives ${person} no token (${response.status})`);
    kept.set(person, {
      token: issued.access_token,
      until: askedAt + Number(issued.expires_in ?? 0) * 1000 - MARGIN_MS,
    });
    return issued.access_token;
  }

  return {
    tokenOf: async (person) => {
      const known = kept.get(person);
      return known !== undefined && now() < known.until ? known.token : await signOn(person);
    },
  };
}

interface Endpoints {
  readonly authorization: string;
  readonly token: string;
}

async function discovered(issuer: string): Promise<Endpoints> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  const found = (await response.json()) as { authorization_endpoint?: unknown; token_endpoint?: unknown };
  return { authorization: String(found.authorization_endpoint), token: String(found.token_endpoint) };
}

/** Follows the redirects to the program's own address, whose query has the code. */
async function codeFrom(start: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let steps = 0; steps < MAX_REDIRECTS; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
    await response.body?.cancel();
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null) break;
    url = new URL(location, url).href;
    const code = new URL(url).searchParams.get("code");
    if (url.startsWith(REDIRECT) && code !== null) return code;
  }
  throw new Error("the sign-on does not know this person");
}
