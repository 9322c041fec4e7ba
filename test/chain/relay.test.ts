import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { openRelay, type Relay } from "./relay.ts";
import { until } from "./world.ts";

describe("a wire that can be cut", function () {
  this.timeout(600_000);
  let server: Server;
  let relay: Relay;
  let far: Socket;
  let near: Socket;
  let [heardFar, heardNear] = ["", ""];

  beforeEach(async () => {
    [heardFar, heardNear] = ["", ""];
    server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    relay = await openRelay();
    const address = server.address();
    relay.target = typeof address === "object" ? address?.port : undefined;
    const accepted = once(server, "connection") as Promise<[Socket]>;
    near = connect({ host: "127.0.0.1", port: relay.port });
    [far] = await accepted;
    far.on("data", (part: Buffer) => (heardFar += part.toString()));
    near.on("data", (part: Buffer) => (heardNear += part.toString()));
    for (const socket of [near, far]) socket.on("error", () => undefined);
  });

  afterEach(async () => {
    near.destroy();
    far.destroy();
    await relay.close();
    server.close();
  });

  it("passes everything on, holds it while it is cut, and delivers it in order when it is mended", async () => {
    near.write("one ");
    far.write("uno ");
    await until(() => heardFar === "one " && heardNear === "uno ");
    relay.cut();
    near.write("two ");
    far.write("due ");
    // Another connection passes another relay both ways meanwhile: time enough for what is not held.
    const other = await openRelay();
    other.target = relay.target;
    const echo = once(server, "connection") as Promise<[Socket]>;
    const socket = connect({ host: "127.0.0.1", port: other.port });
    const [peer] = await echo;
    peer.pipe(peer);
    socket.write("ping");
    await once(socket, "data");
    socket.destroy();
    peer.destroy();
    await other.close();
    expect([heardFar, heardNear]).to.deep.equal(["one ", "uno "]);
    relay.mend();
    near.write("three");
    await until(() => heardFar === "one two three" && heardNear === "uno due ");
  });

  it("ends at both ends when one ends, or when it is reset; a call to where nobody is fails", async () => {
    const ended = Promise.all([closed(near), closed(far)]);
    relay.reset();
    await ended;
    relay.target = undefined;
    const failed = connect({ host: "127.0.0.1", port: relay.port });
    await closed(failed);
  });
});

/** Resolves when it is closed, with an error or without. */
async function closed(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
    });
  });
}
