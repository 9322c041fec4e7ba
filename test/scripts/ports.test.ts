import { once } from "node:events";
import { createServer } from "node:net";
import { expect } from "chai";
import { StartError } from "../../scripts/start/error.ts";
import { freePorts } from "../../scripts/start/ports.ts";

describe("the ports that a start looks for", () => {
  const any = { variable: "PORT", host: "127.0.0.1", port: 0 };

  it("are none that the system gives to others meanwhile, and each is found once", async () => {
    const found = new Set([...(await freePorts([any, any, any])), ...(await freePorts([any, any]))]);
    expect(found.size).to.equal(5);
    for (const port of found) expect(port).to.be.within(10_100, 15_999);
  });

  it("are told of as any other when the machine has no such address", async () => {
    const refused: unknown = await freePorts([{ ...any, host: "192.0.2.1" }]).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(StartError);
    expect(String(refused)).to.include("on 192.0.2.1 cannot be used").and.to.include("PORT");
  });

  it("are passed over when somebody has them, and named when they are wanted", async () => {
    const [first] = await freePorts([any]);
    const taken = createServer().listen(first + 1, "127.0.0.1");
    await once(taken, "listening");
    try {
      expect(await freePorts([any])).to.not.deep.equal([first + 1]);
      const refused: unknown = await freePorts([any, { ...any, port: first + 1 }]).catch(
        (error: unknown) => error,
      );
      expect(refused).to.be.instanceOf(StartError);
      expect(String(refused)).to.include(`Port ${first + 1} on 127.0.0.1 cannot be used`);
    } finally {
      taken.close();
    }
  });
});
