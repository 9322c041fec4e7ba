import type { Route, RouteRequest } from "../route.ts";
import { agencyInQuery, askedInBody, bad, indexInPath, requireParameters, WHOLE_NUMBERS } from "./asked.ts";
import { askedDocument, drawnDocument, type SampleFilter, type SampleFrom, type Samples } from "./samples.ts";
import { MAX_SAMPLE } from "../../protocol/sample.ts";

const MAX_BODY_BYTES = 1024;
const MAX_PROCEDURE = 64;

/** `POST /v1/samples` asks for a sample, `GET /v1/samples/{index}` draws it. */
export function sampleRoutes(samples: Samples): Route[] {
  return [
    {
      name: "postSample",
      method: "post",
      path: "/v1/samples",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const { from, count } = sampleAsked(request);
        return { status: 201, json: askedDocument(await samples.ask(caller, from, count)) };
      },
    },
    {
      name: "getSample",
      method: "get",
      path: "/v1/samples/:index",
      handle: async (request, caller) => {
        requireParameters(request, ["agency", "procedure", "only"]);
        const index = indexInPath(request);
        return { json: drawnDocument(await samples.drawn(index, filterAsked(request), caller)) };
      },
    },
  ];
}

function sampleAsked(request: RouteRequest): { readonly from: SampleFrom; readonly count: number } {
  const asked = askedInBody(request);
  const [from, to] = [asked.number("from", WHOLE_NUMBERS), asked.number("to", WHOLE_NUMBERS)];
  const receivedFrom = asked.number("receivedFrom", WHOLE_NUMBERS);
  const receivedBefore = asked.number("receivedBefore", WHOLE_NUMBERS);
  const count = asked.number("count", { min: 1, max: MAX_SAMPLE });
  asked.end();
  if (count === undefined) throw bad("Say by count how many events are to be drawn.");
  const given = [from, to, receivedFrom, receivedBefore].filter((each) => each !== undefined).length;
  if (given === 2 && from !== undefined && to !== undefined) return { from: { from, to }, count };
  if (given === 2 && receivedFrom !== undefined && receivedBefore !== undefined)
    return { from: { receivedFrom, receivedBefore }, count };
  throw bad(
    "Say from where to draw: log indexes by from and to, or a time by receivedFrom and receivedBefore.",
  );
}

function filterAsked(request: RouteRequest): SampleFilter {
  const procedure = request.query("procedure");
  if (procedure !== undefined && (procedure === "" || procedure.length > MAX_PROCEDURE))
    throw bad(`The parameter procedure is a text of 1 to ${MAX_PROCEDURE} characters.`);
  const only = request.query("only");
  if (only !== undefined && only !== "granted") throw bad("The parameter only is granted.");
  return { agency: agencyInQuery(request), procedure, only };
}
