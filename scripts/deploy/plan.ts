import type { Rpc } from "../../server/anchor/json-rpc.ts";

/** What a chain must hold after a deployment. */
export interface Plan {
  readonly log: LogPlan;
  /** The operator's own agency; `<operator>/ledger` is one of its recorders. */
  readonly operator: AgencyPlan;
  readonly agencies: readonly AgencyPlan[];
  /** Seconds a change of the registries' administrator must wait. */
  readonly adminDelaySeconds?: number;
}

export interface LogPlan {
  /** Address of the account that anchors. */
  readonly anchorer: string;
  /** Ed25519 public keys, 32 bytes each. */
  readonly keys: Readonly<Record<"checkpoint" | "receipt" | "vrf", Uint8Array>>;
  /** Most leaves one anchor may add. */
  readonly maxGrowth?: number;
}

export interface AgencyPlan {
  /** The agency's code, a slug. */
  readonly code: string;
  readonly name: string;
  /** Sum of RECORD 1, SEAL 2, ERASE 4, MANDATE 8. */
  readonly entitlements: number;
  /**
   * What earlier versions of this software admitted the agency with. One that never had any other gets the present entitlements; whatever the
   * registrar changed stays.
   */
  readonly formerEntitlements?: number;
  /**
   * The account that adds the agency's recorder keys: its address, or its private key where this deployment
   * is to add some.
   */
  readonly account: { readonly address: string } | { readonly privateKey: string };
  readonly recorders?: readonly RecorderPlan[];
}

export interface RecorderPlan {
  /** The recorder's name, a slug. */
  readonly name: string;
  readonly alg: "EdDSA" | "ES256";
  /** Ed25519: 32 bytes. P-256: the 65 bytes of the uncompressed point. */
  readonly key: Uint8Array;
  /** First event number the key signs. */
  readonly fromSeq: number;
}

export interface DeployOptions extends Plan {
  readonly rpc: Rpc;
  /** Private key (0x hex) of the account that deploys and becomes administrator, pauser and registrar. */
  readonly adminKey: string;
  /** File that remembers what was done and what was about to be. Losing it means deploying again. */
  readonly statePath: string;
  /** How long to wait for a transaction to be mined. */
  readonly mineTimeoutMs?: number;
  /** Called with one line for every step that was made. */
  readonly onProgress?: (message: string) => void;
}

/** What was deployed; addresses in lower case, as log ids have them. */
export interface Deployment {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly anchorRegistry: string;
  readonly agencyRegistry: string;
  readonly logId: number;
}
