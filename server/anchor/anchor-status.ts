/** How anchoring stands: for readiness, health and metrics. */
export interface AnchorStatus {
  /** `starting` until the contract's head was read and agreed with the store; `wrong-keys` while the chain names others than ours. */
  readonly condition: "starting" | "agrees" | "store-behind" | "wrong-keys";
  /** Why anchoring does not go on at present, in words for an operator. */
  readonly problem: string | undefined;
  /** Events under the last final anchor. */
  readonly finalSize: number;
  /** Events under the contract's head, final or not. */
  readonly pendingSize: number;
  /** Records that the chain lost and that are being anchored again. */
  readonly missingAnchors: number;
  /** The contract's index size, when our index of so many events is known to have another root; such an index is not anchored. */
  readonly otherIndexAt: number | undefined;
  /** Age of the oldest receipt whose events no final anchor covers; 0 when all are covered. */
  readonly lagSeconds: number;
}
