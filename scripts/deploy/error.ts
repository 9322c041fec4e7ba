/** Why a deployment stopped. Whatever it was, running the deployment again goes on from there. */
export type DeployCode =
  | "chain-unavailable"
  | "chain-refused"
  | "other-chain"
  | "other-code"
  | "other-log"
  | "key-missing"
  | "key-unsafe"
  | "plan-unusable"
  | "not-mined"
  | "replaced"
  | "reverted"
  | "record-unreadable";

export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly code: DeployCode;

  constructor(code: DeployCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
