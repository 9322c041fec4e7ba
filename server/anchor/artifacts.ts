import { Interface } from "ethers";
import agencyRegistryJson from "./contracts/AgencyRegistry.json" with { type: "json" };
import anchorRegistryJson from "./contracts/AnchorRegistry.json" with { type: "json" };

/**
 * A compiled contract: its interface, the code that creates it, and the code the chain then holds (both 0x
 * hex).
 */
export interface ContractArtifact {
  readonly name: "AnchorRegistry" | "AgencyRegistry";
  readonly abi: Interface;
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

/**
 * `contracts/AnchorRegistry.sol` as committed; `scripts/compile-contracts.ts` writes it and a test holds it
 * against the source.
 */
export const anchorRegistryArtifact: ContractArtifact = {
  name: "AnchorRegistry",
  abi: new Interface(anchorRegistryJson.abi),
  bytecode: anchorRegistryJson.bytecode,
  deployedBytecode: anchorRegistryJson.deployedBytecode,
};

/** `contracts/AgencyRegistry.sol` as committed. */
export const agencyRegistryArtifact: ContractArtifact = {
  name: "AgencyRegistry",
  abi: new Interface(agencyRegistryJson.abi),
  bytecode: agencyRegistryJson.bytecode,
  deployedBytecode: agencyRegistryJson.deployedBytecode,
};
