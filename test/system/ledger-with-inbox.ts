import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import type { NewMessage } from "../../proactive/inbox/message.ts";
import { type InboxService, startInboxService } from "../../proactive/inbox/service.ts";
import { freePorts } from "../../scripts/start/ports.ts";
import type { App } from "../../server/app.ts";
import { type Config, readConfig } from "../../server/config.ts";
import { SECRET } from "../proactive/inbox/around.ts";
import { clientAssertion, clientCredentials, discovered, type Issued } from "../server/identity/program.ts";
import { type Deployed, startLedger } from "./fixture.ts";

/** A ledger whose portal has an inbox, and the inbox service itself. The caller closes both. */
export interface LedgerWithInbox {
  readonly app: App;
  readonly inbox: InboxService;
  /** Writes a message as the police do. */
  readonly write: (message: NewMessage) => Promise<void>;
}

/** Starts both; each of the two has to know where the other is. */
export async function startLedgerWithInbox(
  system: Deployed,
  config: Partial<Config> = {},
): Promise<LedgerWithInbox> {
  const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
  const url = `http://127.0.0.1:${port}`;
  const inbox = await startInboxService({
    ...{ directory: path.join(system.dataDir, "inbox"), secret: SECRET, port: 0, now: Date.now },
    ...{ issuer: `${url}/oidc`, audience: [url] },
    logger: { warn: () => undefined, error: () => undefined },
  });
  const portal = { ...readConfig({}).portal, ...config.portal, inboxUrl: inbox.url };
  const app = await startLedger(system, { config: { ...config, port, portal } });
  return { app, inbox, write: async (message) => await write(system, { app, inbox }, message) };
}

async function write(
  { dataDir }: Deployed,
  { app, inbox }: Pick<LedgerWithInbox, "app" | "inbox">,
  message: NewMessage,
): Promise<void> {
  const { issuer, token_endpoint: endpoint } = await discovered(app.url);
  const pem = await readFile(path.join(dataDir, "keys", "client-qn-police.pem"), "utf8");
  const issued = await clientCredentials(endpoint, await clientAssertion(pem, "qn-police", issuer));
  const { access_token: token } = (await issued.json()) as Issued;
  const answer = await fetch(`${inbox.url}/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(message),
  });
  expect(answer.status, await answer.text()).to.be.within(200, 201);
}
