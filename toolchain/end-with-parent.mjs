/**
 * Preloaded (`node --import`) into every process that we start: when its parent is gone it gets the SIGTERM that the
 * parent can no longer send, so that a forced kill of the parent leaves no servers behind.
 */
import { isMainThread } from "node:worker_threads";

import { watchParent } from "./child.mjs";

if (isMainThread) watchParent(() => process.kill(process.pid, "SIGTERM"));
