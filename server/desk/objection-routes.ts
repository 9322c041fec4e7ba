import type { ObjectionRegister } from "../decide/objections.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import { bodyReader } from "./body.ts";
import type { Citizen } from "./consent-parties.ts";
import type { PlaceOf } from "./consent-view.ts";
import type { ObjectionActs, ObjectionOf } from "./objection-acts.ts";
import { pageOfPeople } from "./people-page.ts";

export interface ObjectionRoutesOptions {
  readonly acts: ObjectionActs;
  readonly objections: Pick<ObjectionRegister, "ofPerson">;
  readonly representation: Pick<Representation, "ownOf">;
  readonly placeOf: PlaceOf;
}

const MAX_BODY_BYTES = 4 * 1024;

/** Objections: where a person does not want machines to act of their own accord. Recorded at once, and lifted by the person alone. */
export function objectionRoutes(options: ObjectionRoutesOptions): Route[] {
  const { acts, objections, representation, placeOf } = options;

  async function object({ body }: RouteRequest, caller: Citizen): Promise<Answer> {
    const read = bodyReader(body);
    const objecting = {
      procedure: read.requiredText("procedure", 64),
      person: read.person("person"),
      method: read.text("method", 128),
    };
    read.end();
    const { isNew, ...said } = await acts.object(caller, objecting);
    return { status: isNew ? 201 : 200, json: await objectionDocument(said, placeOf) };
  }

  async function list(request: RouteRequest, caller: Citizen): Promise<Answer> {
    const people = await representation.ownOf(caller);
    const { found, next } = await pageOfPeople(request, people, async (person, page) => {
      const { records, ...more } = await objections.ofPerson(person, page);
      return { records: records.map((record) => ({ person, record })), ...more };
    });
    const documents = await Promise.all(found.map(async (each) => await objectionDocument(each, placeOf)));
    return { json: { objections: documents, ...(next !== undefined && { next }) } };
  }

  return [
    {
      name: "postObjection",
      method: "post",
      path: "/v1/objections",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => await object(request, citizenOf(caller)),
    },
    {
      name: "getObjections",
      method: "get",
      path: "/v1/objections",
      handle: async (request, caller) => await list(request, citizenOf(caller)),
    },
    {
      name: "postObjectionWithdrawal",
      method: "post",
      path: "/v1/objections/:id/withdrawal",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body, parameter }, caller) => {
        const read = bodyReader(body, { mayBeEmpty: true });
        const method = read.text("method", 128);
        read.end();
        const said = await acts.withdraw(citizenOf(caller), parameter("id"), method);
        return { json: await objectionDocument(said, placeOf) };
      },
    },
  ];
}

/** An objection as its person sees it. */
async function objectionDocument({ person, record }: ObjectionOf, placeOf: PlaceOf): Promise<object> {
  const { id, procedure, objecting, acts } = record;
  return {
    ...{ id, person, objecting },
    ...(procedure !== undefined && { procedure }),
    history: await Promise.all(
      acts.map(async ({ index, state, source, opened }) => ({
        ...{ state, source },
        ...(opened === undefined
          ? { erased: true }
          : {
              indicatedBy: opened.objection.indicatedBy,
              method: opened.objection.method,
              occurred: opened.occurred,
            }),
        ...(await placeOf(index)),
      })),
    ),
  };
}

/** The permission table lets nobody else through. */
function citizenOf(caller: Caller): Citizen {
  if (caller.role === "citizen") return caller;
  throw new LedgerError("forbidden", "Citizens object, for themselves and for whom they represent.");
}
