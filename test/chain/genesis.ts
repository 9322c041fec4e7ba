/** Clique's own rules (EIP-225), and those of every fork up to London, from the first block on. */
export function cliqueGenesis(chainId: number, validators: readonly string[]): object {
  const forks = ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg"];
  const laterForks = ["istanbul", "berlin", "london"];
  const vanity = "00".repeat(32);
  const seal = "00".repeat(65);
  const signers = validators.map((address) => address.slice(2).toLowerCase()).toSorted();
  return {
    config: {
      chainId,
      ...Object.fromEntries([...forks, ...laterForks].map((fork) => [`${fork}Block`, 0])),
      clique: { period: 1, epoch: 30_000 },
    },
    difficulty: "0x1",
    // The base fee grows only when a block is more than half full: a twentieth of this is more than ours ever are.
    gasLimit: `0x${GAS_LIMIT.toString(16)}`,
    baseFeePerGas: "0x0",
    extraData: `0x${vanity}${signers.join("")}${seal}`,
    alloc: {},
  };
}

export const GAS_LIMIT = 100_000_000;
