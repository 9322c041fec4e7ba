/** Fetches what inspectors ask for and verifies it, away from the page. One task for each worker. */
import { sha256 } from "#sha256";

import { toBase64url } from "../../protocol/bytes.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { chainReader } from "../../verifier/chain.ts";
import { checkStatement } from "./check.ts";
import { checkSample } from "./check-sample.ts";
import { bytesFrom, ownNode, trustProfile } from "./from-server.ts";
import type {
  BundleRequest,
  CheckedBundle,
  InspectionMessage,
  InspectionTask,
} from "./inspection-messages.ts";
import { faultTold } from "./worker-fault.ts";

function tell(message: InspectionMessage): void {
  self.postMessage(message);
}

addEventListener("message", ({ data }: MessageEvent<InspectionTask>) => {
  run(data).then((answer) => tell({ kind: "checked", answer }), faultTold(tell));
});

async function run(task: InspectionTask) {
  const { rpc, name } = ownNode();
  const chain = chainReader(rpc, name);
  switch (task.kind) {
    case "official": {
      const about = { kind: "official", id: task.id } as const;
      const [bytes, profile] = await Promise.all([fetched("/v1/statement", about), trustProfile()]);
      return await checkStatement(bytes, { about, profile, chain });
    }
    case "bundle":
      return await checkBundle(task.request, chain);
    case "sample":
      return await checkSample(task.index, { profile: await trustProfile(), chain, rpc });
  }
}

async function checkBundle(
  request: BundleRequest,
  chain: ReturnType<typeof chainReader>,
): Promise<CheckedBundle> {
  const [bytes, profile] = await Promise.all([fetched("/v1/bundles", request), trustProfile()]);
  const { verdict, checks, claim } = await verifyBundle(bytes, profile, chain);
  return {
    ...{ verdict, checks },
    events: claim?.items.length,
    file: new Blob([bytes], { type: "application/x-ndjson" }),
    digest: toBase64url(sha256(bytes)),
  };
}

async function fetched(path: string, body: object): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bytesFrom(path, body, (length) => tell({ kind: "fetching", bytes: length }));
  tell({ kind: "verifying" });
  return bytes;
}
