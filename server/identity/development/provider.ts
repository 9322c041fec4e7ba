import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { JWK } from "jose";
// Types only: the provider and what it needs are loaded where the development sign-on is, and nowhere else.
import type { AdapterPayload, Configuration, KoaContextWithOIDC, Provider } from "oidc-provider";
import type * as oidcProvider from "oidc-provider";
import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import { memoryAdapter } from "./memory.ts";
import { contentSecurityPolicy, pickPage } from "./page.ts";
import { type DemoPerson, roleClaims } from "./people.ts";

export interface ProviderParts {
  /** Where it is reached: the issuer. */
  readonly issuer: string;
  /** What its access tokens are for: the ledger, as people reach it. */
  readonly audience: string;
  readonly signingKey: JWK;
  /** Those the page shows. */
  readonly people: () => readonly DemoPerson[];
  /** Anybody, by their id. */
  readonly personOf: (id: string) => DemoPerson | undefined;
  /** The public key of an agency's system; undefined for what is no agency. */
  readonly agencyKey: (agency: string) => Promise<JWK | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
}

type Library = Pick<typeof oidcProvider, "errors" | "interactionPolicy">;

/** Programs that have no secret: the portal, and whatever runs on somebody's own machine (RFC 8252 section 7.3: any port). */
const PORTAL_CLIENT = "minhbach-portal";
const CLI_CLIENT = "minhbach-cli";

const SCOPE = "ledger";
const TOKEN_SECONDS = 60 * 60;
/** A person's id, and nothing else. */
const MAX_FORM_BYTES = 1024;

/** Loads what the provider is made of, which may take longer than who asks for it first would wait. */
export async function loadProvider(): Promise<typeof oidcProvider> {
  return await import("oidc-provider");
}

/** OpenID Connect for development: authorization code with PKCE for people, client credentials with `private_key_jwt` for agencies. */
export async function startProvider(parts: ProviderParts): Promise<RequestListener> {
  const library = await loadProvider();
  const provider = new library.Provider(parts.issuer, configuration(parts, library));
  provider.on("server_error", (_context: unknown, error: Error) => {
    parts.log.error({ err: error }, "the development sign-on failed");
  });
  const answer = provider.callback();
  return (request, response) => {
    forgetSession(request);
    if (request.url?.startsWith("/interaction/") !== true) {
      response.setHeader("content-security-policy", contentSecurityPolicy(undefined));
      void answer(request, response);
      return;
    }
    interact({ ...parts, provider }, { request, response }).catch(() => {
      refuse(response, 400, "This sign-on is over or was begun in another browser. Begin it again.");
    });
  };
}

function configuration(
  { issuer, audience, signingKey, personOf, agencyKey, clock }: ProviderParts,
  { errors, interactionPolicy }: Library,
): Configuration {
  const policy = interactionPolicy.base();
  // Else a program on one's own machine would have to ask for consent each time.
  policy.get("consent")?.checks.remove("native_client_prompt");
  return {
    adapter: memoryAdapter(clock, async (id) => agencyClient(id, await agencyKey(id))),
    clients: [
      publicClient(PORTAL_CLIENT, {
        application_type: "web",
        redirect_uris: [`${audience}/portal/signed-on`],
      }),
      publicClient(CLI_CLIENT, {
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback"],
      }),
    ],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clientAuthMethods: ["none", "private_key_jwt"],
    enabledJWA: {
      idTokenSigningAlgValues: ["ES256"],
      clientAuthSigningAlgValues: ["ES256", "EdDSA", "PS256", "RS256"],
    },
    jwks: { keys: [{ ...signingKey }] },
    cookies: {
      keys: [randomBytes(32)],
      long: { httpOnly: true, sameSite: "lax" },
      short: { httpOnly: true, sameSite: "lax" },
    },
    responseTypes: ["code"],
    pkce: { required: () => true },
    scopes: ["openid"],
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: TOKEN_SECONDS,
      ClientCredentials: TOKEN_SECONDS,
      AuthorizationCode: 60,
      Interaction: 600,
      Session: 600,
      Grant: 600,
      IdToken: 600,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget(`tokens are for ${audience} alone`);
          return {
            scope: SCOPE,
            audience,
            accessTokenFormat: "jwt",
            accessTokenTTL: TOKEN_SECONDS,
            jwt: { sign: { alg: "ES256" } },
          };
        },
      },
    },
    findAccount: (_context, id) => personOf(id) && { accountId: id, claims: () => ({ sub: id }) },
    extraTokenClaims: (context, token) => {
      if (!("accountId" in token)) return { ...roleClaims("agency"), agency: token.clientId };
      const { authTime } = context.oidc.entities.AuthorizationCode ?? {};
      return {
        ...personOf(token.accountId)?.claims,
        acr: "development",
        ...(authTime === undefined ? {} : { auth_time: authTime }),
      };
    },
    loadExistingGrant: async (context) => await grantAll(context, audience),
    interactions: {
      policy,
      url: (_context, { uid }) => `${new URL(issuer).pathname}/interaction/${uid}`,
    },
    renderError: (context, { error, error_description: description }) => {
      context.type = "text/plain";
      context.body = `${error}: ${description ?? "the sign-on cannot go on"}\n`;
    },
  };
}

function publicClient(
  id: string,
  { application_type, redirect_uris }: { application_type: "web" | "native"; redirect_uris: string[] },
) {
  return {
    ...{ client_id: id, application_type, redirect_uris },
    ...{
      token_endpoint_auth_method: "none" as const,
      grant_types: ["authorization_code"],
      response_types: ["code" as const],
    },
  };
}

function agencyClient(agency: string, key: JWK | undefined): AdapterPayload | undefined {
  if (key === undefined) return undefined;
  return {
    ...{ client_id: agency, token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [{ ...key }] } },
    ...{ grant_types: ["client_credentials"], response_types: [], redirect_uris: [] },
  };
}

/** Nobody is asked for consent to be themselves. */
async function grantAll({ oidc }: KoaContextWithOIDC, audience: string) {
  const { client, session, provider } = oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid");
  grant.addResourceScope(audience, SCOPE);
  await grant.save();
  return grant;
}

/** Each sign-on asks anew who to be: the session of the one before is not looked at. */
function forgetSession(request: IncomingMessage): void {
  const cookies = request.headers.cookie?.split("; ").filter((cookie) => !cookie.startsWith("_session"));
  if (cookies !== undefined) request.headers.cookie = cookies.join("; ");
}

/** Shows who can be picked, and goes on with whom was picked, by the form or by the `login_hint` of whoever began. */
async function interact(
  {
    provider,
    people,
    personOf,
  }: Pick<ProviderParts, "people" | "personOf"> & { readonly provider: Provider },
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const picked = request.method === "POST" ? (await form(request)).get("person") : params["login_hint"];
  const person = typeof picked === "string" ? personOf(picked) : undefined;
  if (person !== undefined) {
    await provider.interactionFinished(request, response, {
      login: { accountId: person.id, remember: false },
    });
    return;
  }
  const back =
    typeof params["redirect_uri"] === "string" ? new URL(params["redirect_uri"]).origin : undefined;
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": contentSecurityPolicy(back),
  });
  response.end(pickPage(people(), String(params["client_id"])));
}

async function form(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_FORM_BYTES) throw new RangeError("a form has a person's id and nothing else");
  }
  return new URLSearchParams(text);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${reason}\n`);
}
