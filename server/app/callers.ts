import path from "node:path";
import { splitSource } from "../../protocol/source.ts";
import { developmentTokens } from "../identity/dev-tokens.ts";
import { type Authenticator, bearerTokens } from "../identity/tokens.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { AppOptions } from "./parts.ts";

/** On the embedded chain, development tokens, one for each agency as agencies appear; elsewhere everybody is the public. */
export function callersOf({ config }: AppOptions, keys: KeyDirectory): Authenticator["callerOf"] {
  if (config.environment !== "embedded") return bearerTokens([]).callerOf;
  const file = path.join(config.dataDir, "dev-tokens.json");
  const tokens = (): Authenticator => {
    const agencies = new Set(keys.keys().map(({ source }) => splitSource(source).agency));
    return bearerTokens(
      developmentTokens(file, { environment: config.environment, agencies: [...agencies] }),
    );
  };
  let authenticator = tokens();
  keys.onChange(() => (authenticator = tokens()));
  return async (shown) => await authenticator.callerOf(shown);
}
