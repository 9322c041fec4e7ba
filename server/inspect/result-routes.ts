import type { Route, RouteRequest } from "../route.ts";
import { askedInBody, bad, indexInPath, requireParameters, WHOLE_NUMBERS } from "./asked.ts";
import type { FoundResult, SampleResults } from "./results.ts";

const MAX_BODY_BYTES = 16 * 1024;
const MAX_NOTE = 2000;

/** `POST /v1/samples/{index}/results`, `GET /v1/samples/{index}/results`, `GET /v1/inspection/rates`. */
export function resultRoutes(results: SampleResults): Route[] {
  return [
    {
      name: "postSampleResult",
      method: "post",
      path: "/v1/samples/:index/results",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const found = resultAsked(request);
        const { result, isNew } = await results.record(caller, indexInPath(request), found);
        return { status: isNew ? 201 : 200, json: { index: result.index, time: result.time } };
      },
    },
    {
      name: "getSampleResults",
      method: "get",
      path: "/v1/samples/:index/results",
      handle: async (request, caller) => {
        requireParameters(request, []);
        return { json: await results.ofSample(caller, indexInPath(request)) };
      },
    },
    {
      name: "getInspectionRates",
      method: "get",
      path: "/v1/inspection/rates",
      handle: async (request, caller) => {
        requireParameters(request, []);
        return { json: { agencies: await results.rates(caller) } };
      },
    },
  ];
}

function resultAsked(request: RouteRequest): FoundResult {
  const asked = askedInBody(request);
  const event = asked.number("event", WHOLE_NUMBERS);
  const outcome = asked.oneOf("outcome", ["in-order", "not-in-order"]);
  const note = asked.text("note", MAX_NOTE);
  asked.end();
  if (event === undefined || outcome === undefined)
    throw bad("Say by event which drawn event you looked at, and by outcome what you found.");
  return { event, outcome, note };
}
