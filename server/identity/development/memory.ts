import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";
import type { Clock } from "../../clock.ts";

/** More than people at one machine have under way; the oldest go first. */
const MAX_ENTRIES = 10_000;

interface Entry {
  readonly payload: AdapterPayload;
  readonly until: number;
}

/**
 * Where the development provider keeps its sessions and codes: in memory, bounded, until the process ends.
 * @param findClient the agencies' systems, which come and go with the chain
 */
export function memoryAdapter(
  clock: Clock,
  findClient: (id: string) => Promise<AdapterPayload | undefined>,
): AdapterFactory {
  const entries = new Map<string, Entry>();
  const live = ([, { until }]: [string, Entry]): boolean => until > clock.now();

  const find = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    return entry !== undefined && entry.until > clock.now() ? entry.payload : undefined;
  };

  const findBy = (name: "uid" | "userCode", { model, value }: { model: string; value: string }) =>
    [...entries]
      .filter(live)
      .find(([key, { payload }]) => key.startsWith(`${model}:`) && payload[name] === value)?.[1].payload;

  return (model): Adapter => {
    const keyOf = (id: string): string => `${model}:${id}`;
    return {
      upsert: (id, payload, expiresIn) => {
        const until = expiresIn ? clock.now() + expiresIn * 1000 : Infinity;
        entries.delete(keyOf(id));
        entries.set(keyOf(id), { payload, until });
        const [oldest] = entries.keys();
        if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
        return Promise.resolve(undefined);
      },
      find: async (id) => (model === "Client" ? await findClient(id) : find(keyOf(id))),
      findByUid: (value) => Promise.resolve(findBy("uid", { model, value })),
      findByUserCode: (value) => Promise.resolve(findBy("userCode", { model, value })),
      consume: (id) => {
        const payload = find(keyOf(id));
        if (payload !== undefined) payload["consumed"] = Math.floor(clock.now() / 1000);
        return Promise.resolve(undefined);
      },
      destroy: (id) => {
        entries.delete(keyOf(id));
        return Promise.resolve(undefined);
      },
      revokeByGrantId: (grantId) => {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
        return Promise.resolve(undefined);
      },
    };
  };
}
