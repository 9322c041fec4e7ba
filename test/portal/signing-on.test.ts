import { expect } from "chai";
import {
  expectAccessible,
  picture,
  type Portal,
  SIZES,
  type Size,
  startPortal,
  signOn,
  visitor,
  WORDS,
} from "./browser.ts";

describe("signing on in a browser", function () {
  this.timeout(600_000);
  let portal: Portal;
  before(async () => (portal = await startPortal()));
  after(async () => await portal.close());

  for (const size of Object.keys(SIZES) as Size[])
    for (const language of ["vi", "en"] as const)
      it(`the front page says what this is: ${size}, ${language}`, async () => {
        const { page, context, wrongs } = await visitor(portal, { size, language });
        await page.goto("/");
        expect(new URL(page.url()).pathname).to.equal("/portal/");
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.locator(".home-three").waitFor();
        expect(await page.locator("html").getAttribute("lang")).to.equal(language);
        await expectAccessible(page);
        await picture(page, `front-${size}-${language}`);
        expect(wrongs).to.deep.equal([]);
        await context.close();
      });

  it("a citizen signs on, stays signed on when the page is loaded anew, and signs off", async () => {
    const { page, context, wrongs } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    expect(new URL(page.url()).pathname).to.equal("/portal/my-data");
    const off = page.getByRole("button", { name: WORDS.vi.signOff });
    await off.waitFor();
    await page.reload();
    await off.waitFor();
    await off.click();
    await page.getByRole("link", { name: WORDS.vi.signOn, exact: true }).first().waitFor();
    expect(await context.cookies()).to.satisfy((all: { name: string }[]) =>
      all.every(({ name }) => name !== "minhbach"),
    );
    expect(wrongs).to.deep.equal([]);
    await context.close();
  });

  it("no script can read the cookie or a token, nor finds any in what the browser keeps", async () => {
    const { page, context } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    const kept: unknown = await page.evaluate(
      "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])",
    );
    expect(kept)
      .to.be.a("string")
      .and.not.match(/eyJ|minhbach=|code=/);
    const session = (await context.cookies()).find(({ name }) => name === "minhbach");
    expect(session).to.include({ httpOnly: true, sameSite: "Strict", path: "/" });
    await context.close();
  });

  it("a page of another site does nothing in the session, and cannot frame us", async () => {
    const { page, context } = await visitor(portal);
    await page.goto("/portal/my-data");
    await signOn(page, "citizen-1");
    const evil = await context.newPage();
    await context.route("http://evil.example/**", async (route) => {
      await route.fulfill({ contentType: "text/html", body: "<title>evil</title>" });
    });
    await evil.goto("http://evil.example/");
    const asked: unknown = await evil.evaluate(`(async () => {
      const outcomes = [];
      for (const headers of [{}, { "x-minhbach-portal": "1" }])
        for (const [path, method] of [["/v1/statement", "GET"], ["/portal/sign-off", "POST"]])
          outcomes.push(await fetch("${portal.url}" + path, { method, headers, credentials: "include" }).then((answer) => answer.status, () => "refused"));
      return outcomes;
    })()`);
    expect(asked).to.deep.equal(["refused", "refused", "refused", "refused"]);
    await evil.evaluate(`new Promise((done) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action: "${portal.url}/portal/sign-off", target: "_blank" });
      document.body.append(form); form.submit(); done();
    })`);
    await page.reload();
    await page.getByRole("button", { name: WORDS.vi.signOff }).waitFor();
    await context.close();
  });
});
