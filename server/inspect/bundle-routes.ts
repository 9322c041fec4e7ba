import { MAX_BUNDLE_ITEMS } from "../../protocol/bundle.ts";
import { requireIndexId } from "../../protocol/index-keys.ts";
import type { TakeStatementSlot } from "../prove/statement-slots.ts";
import type { Route, RouteRequest } from "../route.ts";
import { askedInBody, bad, WHOLE_NUMBERS } from "./asked.ts";
import type { BundleSubject, MakeBundle } from "./bundles.ts";

const MAX_BODY_BYTES = 32 * 1024;
const MAX_CASE = 128;
const MAX_ID = 64;

/** `POST /v1/bundles`: evidence of some events in one file, for inspectors. */
export function bundleRoutes(makeBundle: MakeBundle, takeSlot: TakeStatementSlot): Route[] {
  return [
    {
      name: "postBundle",
      method: "post",
      path: "/v1/bundles",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const subject = subjectAsked(request);
        const giveBack = takeSlot(caller);
        try {
          return {
            type: "application/x-ndjson",
            chunks: untilEnd(await makeBundle(subject, caller), giveBack),
            headers: { "content-disposition": 'attachment; filename="bundle.ndjson"' },
          };
        } catch (error) {
          giveBack();
          throw error;
        }
      },
    },
  ];
}

function subjectAsked(request: RouteRequest): BundleSubject {
  const asked = askedInBody(request);
  const indexes = asked.value("indexes");
  const caseOf = asked.text("case", MAX_CASE);
  const about = asked.object("person");
  const person = about && { scheme: about.text("scheme", MAX_ID) ?? "", id: about.text("id", MAX_ID) ?? "" };
  about?.end();
  const from = asked.number("from", WHOLE_NUMBERS);
  const to = asked.number("to", WHOLE_NUMBERS);
  asked.end();
  if ([indexes, caseOf, person].filter((each) => each !== undefined).length !== 1)
    throw bad("Say of what evidence is wanted by one of indexes, case and person.");
  if (person !== undefined) {
    if (from === undefined || to === undefined)
      throw bad("A person's events are asked for by their time: from and to.");
    requireIndexId("person", `${person.scheme}:${person.id}`);
    return { about: "person", person, from, to };
  }
  if (from !== undefined || to !== undefined) throw bad("from and to are for a person's events.");
  if (caseOf !== undefined) return { about: "case", case: caseOf };
  if (isIndexes(indexes)) return { about: "indexes", indexes };
  throw bad(`indexes is a list of 1 to ${MAX_BUNDLE_ITEMS} places in the log.`);
}

function isIndexes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= MAX_BUNDLE_ITEMS &&
    value.every((index) => Number.isSafeInteger(index) && Number(index) >= 0)
  );
}

/** The edge takes the first chunk of every answer, and ends what it does not take to the end. */
async function* untilEnd(chunks: AsyncIterable<string>, done: () => void): AsyncGenerator<string> {
  try {
    yield* chunks;
  } finally {
    done();
  }
}
