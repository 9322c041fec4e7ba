import { startInboxService } from "../../../proactive/inbox/service.ts";
import { AUDIENCE, SECRET } from "./around.ts";

/** An inbox service in a process of its own, for whoever kills it: says its address to its parent. */
const [directory, issuer] = process.argv.slice(2);
if (directory === undefined || issuer === undefined) throw new RangeError("give a folder and an issuer");
const { url } = await startInboxService({
  ...{ directory, issuer, secret: SECRET, audience: [AUDIENCE], port: 0, now: () => Date.now() },
  logger: { warn: (fields) => console.error(fields), error: (fields) => console.error(fields) },
});
process.send?.({ url });
