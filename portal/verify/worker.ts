/** Fetches a statement and verifies it, away from the page, which stays quick meanwhile. One task for each worker. */
import { chainReader } from "../../verifier/chain.ts";
import { checkStatement } from "./check.ts";
import { bytesFrom, ownNode, trustProfile } from "./from-server.ts";
import type { StatementTask, WorkerMessage } from "./messages.ts";
import { faultTold } from "./worker-fault.ts";

function tell(message: WorkerMessage): void {
  self.postMessage(message);
}

addEventListener("message", ({ data }: MessageEvent<StatementTask>) => {
  run(data).catch(faultTold(tell));
});

async function run({ person, own }: StatementTask): Promise<void> {
  const [bytes, profile] = await Promise.all([
    bytesFrom("/v1/statement", own ? {} : person, (length) => tell({ kind: "fetching", bytes: length })),
    trustProfile(),
  ]);
  tell({ kind: "verifying" });
  const { rpc, name } = ownNode();
  const about = { kind: "person", id: `${person.scheme}:${person.id}` } as const;
  tell({
    kind: "checked",
    statement: await checkStatement(bytes, { about, profile, chain: chainReader(rpc, name) }),
  });
}
