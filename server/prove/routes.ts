import { toHex } from "../../protocol/bytes.ts";
import { openFacets, parseShownEvent, payloadLeafHash } from "../../protocol/event.ts";
import { LedgerError } from "../errors.ts";
import type { Answer, Route } from "../route.ts";
import type { StoredAnchor, StoreReader } from "../store/store.ts";
import type { Prover } from "./evidence.ts";
import { hashInHex, pageLimit, sourceOf, wholeNumber } from "./parameters.ts";

export interface ProofRoutesOptions {
  readonly prover: Prover;
  readonly store: Pick<
    StoreReader,
    "anchors" | "anchorsFrom" | "anchorCovering" | "source" | "submissionHolding" | "submissionOfIndex"
  >;
}

const ANCHORS_PER_PAGE = { fallback: 100, max: 1000 };

/** Events, evidence, submissions, sources and anchors. */
export function proofRoutes({ prover, store }: ProofRoutesOptions): Route[] {
  return [
    {
      name: "getEvent",
      method: "get",
      path: "/v1/events/:index",
      handle: async (request, caller) => {
        const index = wholeNumber("index", request.parameter("index"));
        const { text, erased, closure } = await prover.eventAt(index, caller);
        const event = parseShownEvent(text);
        const submission = await store.submissionOfIndex(index);
        const anchor = await store.anchorCovering(index);
        return json({
          index,
          source: event.payload.src,
          seq: event.payload.seq,
          leaf: toHex(payloadLeafHash(event.payloadText)),
          event: text,
          facets: openFacets(event),
          erased,
          closure: closure ?? null,
          submission: submission && {
            first: submission.first,
            count: submission.count,
            time: submission.time,
          },
          anchor: anchor ? anchorDocument(anchor) : null,
        });
      },
    },
    {
      name: "getEvidence",
      method: "get",
      path: "/v1/events/:index/evidence",
      handle: async (request, caller) => {
        const index = wholeNumber("index", request.parameter("index"));
        return evidence(await prover.evidenceAt(index, caller));
      },
    },
    {
      name: "getEvidenceByLeaf",
      method: "get",
      path: "/v1/evidence",
      handle: async (request, caller) => {
        const leafHash = hashInHex("leaf", request.query("leaf"));
        return evidence(await prover.evidenceAt(await prover.indexOfLeaf(leafHash), caller));
      },
    },
    {
      name: "getSubmission",
      method: "get",
      path: "/v1/submissions/:agency/:recorder/:first",
      handle: async (request) => {
        const seq = wholeNumber("first", request.parameter("first"));
        const submission = await store.submissionHolding(sourceOf(request), seq);
        if (submission === undefined)
          throw new LedgerError("unknown-submission", "No event of this source has that number yet.");
        const { source, first, count, index, time, jws, receipt } = submission;
        return json({ source, first, count, index, time, jws, receipt });
      },
    },
    {
      name: "getSource",
      method: "get",
      path: "/v1/sources/:agency/:recorder",
      handle: async (request) => {
        const state = await store.source(sourceOf(request));
        if (state === undefined)
          throw new LedgerError("unknown-source", "This source has not sent anything yet.");
        const { source, next, lastTime } = state;
        return json({ source, next, lastTime });
      },
    },
    {
      name: "getAnchors",
      method: "get",
      path: "/v1/anchors",
      handle: async (request) => {
        const after = wholeNumber("after", request.query("after") ?? "0");
        const from = request.query("from");
        const limit = pageLimit(request.query("limit"), ANCHORS_PER_PAGE);
        const anchors =
          from === undefined
            ? await store.anchors({ after, limit })
            : await store.anchorsFrom({ from: wholeNumber("from", from), limit });
        const last = anchors.length === limit ? anchors.at(-1) : undefined;
        return json({ anchors: anchors.map(anchorDocument), ...(last && { next: last.number + 1 }) });
      },
    },
  ];
}

function anchorDocument(anchor: StoredAnchor): object {
  const { number, size, root, indexSize, indexRoot, block, blockHash, transaction, time, checkpoint } =
    anchor;
  return {
    number,
    size,
    root: toHex(root),
    indexSize,
    indexRoot: toHex(indexRoot),
    block,
    blockHash,
    transaction,
    time,
    checkpoint,
  };
}

function json(value: object): Answer {
  return { json: value };
}

/** Evidence depends on who asks, so no cache may keep it. */
function evidence(text: string): Answer {
  return {
    type: "application/json",
    body: text,
    headers: { "content-disposition": 'attachment; filename="evidence.json"' },
  };
}
