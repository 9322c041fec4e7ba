import type { OpenDesk } from "../desk/recording.ts";
import { createDesk } from "../desk/recording.ts";
import { LedgerError } from "../errors.ts";
import { ownSubmission } from "../sequence/own-source.ts";
import type { Sequencer } from "../sequence/sequencer.ts";
import type { VerifierPool } from "../receive/pool.ts";
import { signerOf } from "../signers.ts";
import type { Chain } from "./chain.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";
import type { Records } from "./records.ts";

interface DeskSurroundings {
  readonly about: AboutLog;
  readonly records: Records;
  readonly chain: Pick<Chain, "keys">;
  readonly pool: Pick<VerifierPool, "verify">;
  readonly sequencer: Sequencer;
  readonly closing: Closing;
}

/** The source through which people's acts are recorded. */
export function openDesk(
  { secrets, clock }: AppOptions,
  { about, records, chain, pool, sequencer, closing }: DeskSurroundings,
): OpenDesk {
  const signer = signerOf(secrets.desk);
  const source = about.deskSource;
  const own = { source, signer, verify: pool.verify };
  const desk = createDesk({
    ...{ source, signer, log: about.id, clock, store: records.store },
    requireOpen: () => {
      sequencer.requireOpen();
      const isKnown = chain.keys
        .keys()
        .some((key) => key.source === source && key.kid === signer.kid && !key.revoked);
      if (!isKnown) throw new LedgerError("starting", keyMissing(source, signer.kid));
    },
    prepare: async (first, facets) => await ownSubmission(own, { clock, log: about.id }, { first, facets }),
    submit: sequencer.submitOwn,
  });
  closing.push(desk.close);
  return desk;
}

function keyMissing(source: string, kid: string): string {
  return (
    `The chain does not know the desk's key, so nothing people do can be recorded: the operator adds the key ${kid} to the chain as the one of ` +
    `${source} (docs/deploying.md).`
  );
}
