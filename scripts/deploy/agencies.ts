import { encodeBytes32String, hexlify, Wallet } from "ethers";
import { isSafePublicKey } from "../../protocol/jws.ts";
import { list, number } from "../../server/anchor/chain-values.ts";
import type { ChainReader, Contract } from "./chain.ts";
import { DeployError } from "./error.ts";
import type { AgencyPlan, RecorderPlan } from "./plan.ts";
import type { Step } from "./sender.ts";

const ALGORITHM_NUMBERS = { EdDSA: 1, ES256: 2 } as const;

/** Admits an agency. */
export function admitStep(admin: Wallet, agency: AgencyPlan, registry: Contract, chain: ChainReader): Step {
  const code = encodeBytes32String(agency.code);
  const account =
    "address" in agency.account ? agency.account.address : new Wallet(agency.account.privateKey).address;
  return {
    name: `admit ${agency.code}`,
    wallet: admin,
    to: registry.address,
    data: registry.abi.encodeFunctionData("admitAgency", [code, agency.name, account, agency.entitlements]),
    abi: registry.abi,
    isDone: async () => {
      // Suspended or renamed since is admitted too: those are the registrar's decisions.
      const [history] = await chain.read(registry, "entitlementHistory", [code]);
      return list(history).length > 0;
    },
  };
}

/** Gives an agency that was admitted by an earlier plan what this one entitles it to, unless somebody decided about it since. */
export function raiseSteps(
  admin: Wallet,
  agency: AgencyPlan,
  registry: Contract,
  chain: ChainReader,
): Step[] {
  const { code, entitlements, formerEntitlements } = agency;
  if (formerEntitlements === undefined) return [];
  const name = encodeBytes32String(code);
  return [
    {
      name: `entitle ${code} to ${entitlements}`,
      wallet: admin,
      to: registry.address,
      data: registry.abi.encodeFunctionData("setEntitlements", [name, entitlements]),
      abi: registry.abi,
      isDone: async () => {
        const [history] = await chain.read(registry, "entitlementHistory", [name]);
        const changes = list(history).map((change) => number(list(change)[1]));
        return changes.length !== 1 || changes[0] !== formerEntitlements;
      },
    },
  ];
}

/**
 * Adds the recorder keys that are not on the chain yet.
 * @throws DeployError `key-missing` where the agency's account key would be needed, `key-unsafe`
 */
export async function recorderKeySteps(
  agencies: readonly AgencyPlan[],
  registry: Contract,
  chain: ChainReader,
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const agency of agencies) {
    for (const recorder of agency.recorders ?? []) {
      const isDone = (): Promise<boolean> => hasRecorderKey(agency, recorder, registry, chain);
      if (!(await isDone())) steps.push({ ...addKeyStep(agency, recorder, registry), isDone });
    }
  }
  return steps;
}

function addKeyStep(agency: AgencyPlan, recorder: RecorderPlan, registry: Contract): Omit<Step, "isDone"> {
  const { name, alg, key, fromSeq } = recorder;
  if (!("privateKey" in agency.account)) {
    throw new DeployError(
      "key-missing",
      `The key of ${agency.code}/${name} is not on the chain, and only the agency's account can add it: give that account's private key, or let the agency add it.`,
    );
  }
  // The contract knows no curves: a key that verifiers refuse would make the recorder's events worthless.
  if (!isSafePublicKey({ alg, key })) {
    throw new DeployError(
      "key-unsafe",
      `The key of ${agency.code}/${name} is no safe ${alg} key: make a new one.`,
    );
  }
  const args = [
    encodeBytes32String(agency.code),
    encodeBytes32String(name),
    ALGORITHM_NUMBERS[alg],
    key,
    fromSeq,
  ];
  return {
    name: `add the key of ${agency.code}/${name} from ${fromSeq}`,
    wallet: new Wallet(agency.account.privateKey),
    to: registry.address,
    data: registry.abi.encodeFunctionData("addRecorderKey", args),
    abi: registry.abi,
  };
}

async function hasRecorderKey(
  agency: AgencyPlan,
  recorder: RecorderPlan,
  registry: Contract,
  chain: ChainReader,
): Promise<boolean> {
  const names = [encodeBytes32String(agency.code), encodeBytes32String(recorder.name)];
  const [keys] = await chain.read(registry, "recorderKeys", names);
  return list(keys).some((key) => list(key)[4] === hexlify(recorder.key));
}
