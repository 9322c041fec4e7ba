import { LedgerError } from "../errors.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import { ENCODINGS, type PortalFile, type PortalFiles } from "./files.ts";
import { pageHeaders } from "./policy.ts";

export interface PageRoutesOptions {
  readonly files: PortalFiles;
  /** Whether people reach the server by https. */
  readonly isTls: boolean;
}

const PORTAL_PAGE = "index.html";
const VERIFY_PAGE = "verify.html";
/** As long as a browser keeps anything. */
const FOR_EVER = "public, max-age=31536000, immutable";
/** Asked for each time: a document names the scripts of its own build. */
const ASKED_EACH_TIME = "no-cache";

/** The pages, under their own policy. Routes of the portal that are none of them have to come before these. */
export function pageRoutes({ files, isTls }: PageRoutesOptions): Route[] {
  function answer(document: "portal" | "verify", name: string, request: RouteRequest): Answer {
    const file = files.get(name);
    if (file === undefined) throw notFound(files);
    const { encoding, body } = smallest(file, request.header("accept-encoding") ?? "");
    return {
      ...{ type: file.type, body },
      headers: {
        ...pageHeaders(document, { isTls }),
        "cache-control": file.isHashed ? FOR_EVER : ASKED_EACH_TIME,
        vary: "accept-encoding",
        ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      },
    };
  }

  return [
    {
      name: "getPortalPage",
      method: "get",
      path: "/portal{/*page}",
      handle: (request) => {
        const name = /^\/portal\/(.*)$/.exec(request.path)?.[1];
        if (name === undefined || name === PORTAL_PAGE) return redirect("/portal/");
        // Served here it would have the other document's policy.
        if (name === VERIFY_PAGE) return redirect("/verify");
        return answer("portal", isPage(name) ? PORTAL_PAGE : name, request);
      },
    },
    {
      name: "getVerifyPage",
      method: "get",
      path: "/verify",
      handle: (request) => answer("verify", VERIFY_PAGE, request),
    },
    {
      name: "getFrontPage",
      method: "get",
      path: "/",
      handle: ({ accept }) => {
        if (!/\btext\/html\b/i.test(accept))
          throw new LedgerError("not-found", "There is nothing here. The API is described at /openapi.yaml.");
        return { ...redirect("/portal/"), headers: { location: "/portal/", vary: "accept" } };
      },
    },
  ];
}

/** A page has a name without an ending: which ones there are is known to the pages themselves. What looks like a file has to be one. */
function isPage(name: string): boolean {
  return !name.startsWith("assets/") && !name.slice(name.lastIndexOf("/") + 1).includes(".");
}

function redirect(to: string): Answer {
  return { status: 302, type: "text/plain", body: "", headers: { location: to } };
}

function notFound(files: PortalFiles): LedgerError {
  return files.size === 0
    ? new LedgerError("not-found", "The pages of the portal are not built here: run npm run portal.")
    : new LedgerError("not-found", "The portal has no such file. It begins at /portal/.");
}

/** The smallest form that the client takes (RFC 9110 section 12.5.3). */
function smallest(
  { body, encoded }: PortalFile,
  accepted: string,
): { readonly encoding?: string; readonly body: Uint8Array } {
  const taken = new Set(
    accepted
      .toLowerCase()
      .split(",")
      .map((part) => part.split(";").map((piece) => piece.trim()))
      .filter(([, quality]) => quality === undefined || !/^q=0(\.0*)?$/.test(quality))
      .map(([name]) => name),
  );
  for (const encoding of ENCODINGS) {
    const smaller = encoded[encoding];
    if (smaller !== undefined && taken.has(encoding)) return { encoding, body: smaller };
  }
  return { body };
}
