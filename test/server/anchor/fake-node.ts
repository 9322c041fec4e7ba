import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** The chain that fake nodes say they are of. */
export const IDENTITY = { chainId: 4117, genesisHash: `0x${"a".repeat(64)}` };

/** Answers as a node of a chain does, and as a test wants. */
export interface FakeNode {
  readonly url: string;
  readonly calls: string[];
  /** What it answers to any other method than those about its identity. */
  answer: (method: string) => unknown;
  chainId: string;
  genesisHash: string;
  /** Takes requests and never answers. */
  hangs: boolean;
  /** Takes requests and hangs up. */
  isGone: boolean;
  readonly server: Server;
  close: () => Promise<void>;
}

/** Opens one on a random port. */
export async function openFakeNode(): Promise<FakeNode> {
  const fake: FakeNode = {
    url: "",
    calls: [],
    answer: () => ({ result: "0x1" }),
    chainId: "0x1015",
    genesisHash: IDENTITY.genesisHash,
    hangs: false,
    isGone: false,
    close: async () => {
      fake.server.closeAllConnections();
      fake.server.close();
      await once(fake.server, "close");
    },
    server: createServer((request, response) => {
      void (async () => {
        let body = "";
        for await (const part of request) body += String(part);
        const method = /"method":"(\w+)"/.exec(body)?.[1] ?? "";
        if (fake.hangs) return;
        if (fake.isGone) {
          response.destroy();
          return;
        }
        fake.calls.push(method);
        response.end(JSON.stringify(answerOf(method)));
      })();
    }),
  };
  const answerOf = (method: string): unknown => {
    if (method === "eth_chainId") return { result: fake.chainId };
    if (method === "eth_getBlockByNumber") return { result: { hash: fake.genesisHash } };
    return fake.answer(method);
  };
  fake.server.listen(0, "127.0.0.1");
  await once(fake.server, "listening");
  const address = fake.server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return Object.assign(fake, { url: `http://127.0.0.1:${address.port}` });
}
