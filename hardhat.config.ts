import { fileURLToPath } from "node:url";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  paths: {
    sources: ["contracts", "test/contracts/solidity"],
    tests: { mocha: "test/contracts" },
  },
  solidity: {
    compilers: [
      {
        version: "0.8.37",
        // The compiler comes from npm, so that nothing is downloaded while building.
        path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
        settings: {
          optimizer: { enabled: true, runs: 10_000 },
          // Permissioned networks often run older rules: nothing after paris is used (no PUSH0, no MCOPY).
          evmVersion: "paris",
          // Without the hash of the sources the bytecode depends on the code alone, so a changed comment
          // changes no artifact.
          metadata: { bytecodeHash: "none" },
        },
      },
    ],
  },
  networks: {
    default: { type: "edr-simulated", chainType: "l1" },
  },
});
