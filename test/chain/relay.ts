import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * A wire between two processes that can be cut: a port of this machine whose connections go on to another port. While it is cut nothing
 * passes in either direction and nobody is told, as when a network drops every packet; what was under way arrives when it is mended, unless
 * one of the two gave up meanwhile.
 */
export interface Relay {
  readonly port: number;
  /** The port behind it; undefined while nobody listens there. */
  target: number | undefined;
  readonly cut: () => void;
  readonly mend: () => void;
  /** Ends all connections, so that both ends make new ones. */
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

/** Opens one on a random port of the loopback address. */
export async function openRelay(): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isCut = false;

  function forward(from: Socket, to: Socket): void {
    sockets.add(from);
    if (isCut) from.pause();
    from.on("data", (part) => {
      if (!to.write(part)) from.pause();
    });
    to.on("drain", () => {
      if (!isCut) from.resume();
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (relay.target === undefined) {
      near.on("error", () => undefined);
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: "127.0.0.1", port: relay.target, allowHalfOpen: true });
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the relay has no port");
  const relay: Relay = {
    port: address.port,
    target: undefined,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    reset: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return relay;
}
