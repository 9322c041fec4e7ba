import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import { permit, rolesFor } from "../../../server/identity/permissions.ts";
import { citizen, INSPECTOR } from "../callers.ts";

describe("server/identity/permissions", () => {
  const publicCaller: Caller = { role: "public" };
  const person = citizen({ scheme: "vn-cccd", id: "999199000001" });

  it("shows findings to inspectors alone", () => {
    const roles = rolesFor("getFindings");
    permit(INSPECTOR, roles);
    expect(() => permit(person, roles))
      .to.throw(LedgerError)
      .with.property("code", "forbidden");
    expect(() => permit(publicCaller, roles))
      .to.throw(LedgerError)
      .with.property("code", "unauthenticated");
  });

  it("lets everybody read the log and submit what is signed", () => {
    for (const route of ["getTile", "getCheckpoint", "getEvidence", "postSubmission"]) {
      permit(publicCaller, rolesFor(route));
    }
  });

  it("denies what it does not know", () => {
    for (const route of ["getSecrets", "toString", "__proto__", ""])
      expect(() => rolesFor(route)).to.throw(route);
    expect(() => permit(person, [])).to.throw(LedgerError);
  });
});
