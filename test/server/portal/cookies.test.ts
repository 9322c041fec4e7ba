import { expect } from "chai";
import { cookie } from "../../../server/portal/cookies.ts";

describe("server/portal/cookies", () => {
  const over = (isTls: boolean) => cookie({ name: "minhbach", sameSite: "Strict", isTls });
  const sent = (value: string) => (name: string) => (name === "cookie" ? value : undefined);

  it("over https it is bound to this host, and goes over https alone", () => {
    expect(over(true).set("v", 60)).to.equal(
      "__Host-minhbach=v; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure",
    );
    expect(over(true).forget()).to.equal(
      "__Host-minhbach=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure",
    );
    expect(over(false).set("v", 60)).to.equal("minhbach=v; Max-Age=60; Path=/; HttpOnly; SameSite=Strict");
  });

  it("is read among others, by its whole name", () => {
    expect(over(false).read(sent("a=1; minhbach=v; xminhbach=w"))).to.equal("v");
    expect(over(true).read(sent("minhbach=v; __Host-minhbach=w"))).to.equal("w");
    expect(over(false).read(sent("minhbach-sign-on=v; xminhbach=w"))).to.equal(undefined);
    expect(over(false).read(() => undefined)).to.equal(undefined);
  });

  it("sent twice, it is none: one of the two was set by somebody else", () => {
    expect(over(false).read(sent("minhbach=v; minhbach=w"))).to.equal(undefined);
  });
});
