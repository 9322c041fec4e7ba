import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import * as v from "valibot";

import { ApiError } from "./error.ts";
import { ask } from "./request.ts";

const PERSON = v.object({ scheme: v.string(), id: v.string() });
const moment = v.pipe(v.string(), v.isoTimestamp());
const signedOnAs = <R extends string>(role: R) => ({
  role: v.literal(role),
  name: v.string(),
  since: moment,
  /** When the session ends whatever happens. */
  expires: moment,
  /** When it ends if nothing is asked any more. */
  idleExpires: moment,
  /** It ends earlier when nothing was asked for so long. */
  idleSeconds: v.number(),
});

const SIGNED_ON = v.variant("role", [
  v.object({ ...signedOnAs("citizen"), person: PERSON }),
  v.object({ ...signedOnAs("inspector"), authority: v.string() }),
  v.object({ ...signedOnAs("officer"), agency: v.string() }),
  v.object({ ...signedOnAs("agency"), agency: v.string() }),
  v.object(signedOnAs("operator")),
  v.object(signedOnAs("registrar")),
]);

const SESSION = v.object({
  /** Whether people can sign on here at all. */
  signOn: v.boolean(),
  signedOn: v.nullable(SIGNED_ON),
  /** Whether there is an inbox here. */
  inbox: v.boolean(),
  /** Where people get help: a `mailto:`, `tel:` or `https:` address. */
  contact: v.nullable(v.string()),
  environment: v.string(),
  /** The server's clock. */
  time: moment,
});

/** Who is signed on. The tokens stay with the server; the browser has a cookie that no script can read. */
export type SignedOn = v.InferOutput<typeof SIGNED_ON>;
export type SignedOnRole = SignedOn["role"];
export type Session = v.InferOutput<typeof SESSION> & {
  /** How far the server's clock is ahead of this device's, in milliseconds. */
  readonly aheadMs: number;
  /** Somebody was signed on while this page was open, and is no more. */
  readonly hasEnded?: boolean;
};

const SESSION_KEY = ["session"];
const FRESH_MS = 60_000;

async function readSession(signal: AbortSignal): Promise<Session> {
  const session = await ask(SESSION, "/portal/session", { signal });
  return { ...session, aheadMs: Date.parse(session.time) - Date.now() };
}

/** The session, looked up once and again when the page is looked at again. */
export function useSession() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => readSession(signal),
    staleTime: FRESH_MS,
  });
}

/** The citizen who is signed on, where the page is shown to nobody else. @throws ApiError */
export function useCitizen(): Extract<SignedOn, { role: "citizen" }> {
  const { data } = useSession();
  if (data?.signedOn?.role === "citizen") return data.signedOn;
  throw new ApiError("unauthenticated", "Sign on first.", { status: 401 });
}

/** Where signing on begins: go there with the whole window. It comes back to `back`, a path of the portal. */
export function signOnAddress(back: string, language: string): string {
  return `/portal/sign-on?${new URLSearchParams({ back, language }).toString()}`;
}

const SIGNED_OFF = v.object({ next: v.nullable(v.string()) });

/** Ends the session, forgets everything that was shown, and goes where the sign-on service ends too. */
export function useSignOff(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    const { next } = await ask(SIGNED_OFF, "/portal/sign-off", { method: "POST" });
    queries.clear();
    location.assign(next ?? "/portal/");
  };
}

/** The server says that nobody is signed on any more: what was shown to the person is forgotten. */
export function endSession(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  queries.setQueryData<Session>(
    SESSION_KEY,
    (session) => session && { ...session, signedOn: null, hasEnded: true },
  );
}

/** Goes on with the session as the server has it now; where that is another one, or none, this one has ended. */
function goOn(queries: QueryClient, seen: v.InferOutput<typeof SESSION>): void {
  const known = queries.getQueryData<Session>(SESSION_KEY);
  if (known === undefined || known.signedOn === null) return;
  const { signedOn } = seen;
  if (signedOn?.since !== known.signedOn.since || signedOn.name !== known.signedOn.name) {
    endSession(queries);
    return;
  }
  // Answers may come in another order than they were asked for. The clocks stay as they were compared first: else what counts from them would begin anew.
  const idleExpires = [signedOn.idleExpires, known.signedOn.idleExpires].sort().at(-1) ?? "";
  queries.setQueryData<Session>(SESSION_KEY, { ...known, ...seen, signedOn: { ...signedOn, idleExpires } });
}

/** Tells the server that somebody is still there: the session lasts on. @throws ApiError */
export function useStaying(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    try {
      goOn(queries, await ask(SESSION, "/portal/session"));
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "session-ended")) throw error;
      endSession(queries);
    }
  };
}

/** How often a page that nobody uses looks whether its session has ended. */
const LOOK_SECONDS = 60;

/** Forgets what is shown when the session ends, though nobody does anything: whoever sits down at the screen next sees nothing of it. */
export function useSessionEnd(): void {
  const queries = useQueryClient();
  const { data: { signedOn = null, aheadMs = 0 } = {} } = useSession();
  const { expires, idleSeconds } = signedOn ?? {};
  useEffect(() => {
    if (expires === undefined || idleSeconds === undefined) return;
    const left = new AbortController();
    const look = async (): Promise<void> => {
      try {
        const asking = { signal: left.signal, background: true };
        goOn(queries, await ask(SESSION, "/portal/session", asking));
      } catch {
        // Nobody answers: the end itself is known here.
      }
    };
    const looking = setInterval(() => void look(), Math.min(LOOK_SECONDS, idleSeconds) * 1000);
    const over = setTimeout(
      () => endSession(queries),
      Math.max(0, Date.parse(expires) - aheadMs - Date.now()),
    );
    return () => {
      left.abort();
      clearInterval(looking);
      clearTimeout(over);
    };
  }, [expires, idleSeconds, aheadMs, queries]);
}
