import { equal } from "./bytes.ts";
import type { SignBytes } from "./jws.ts";

/** As SignBytes, or a promise of the signature where the key is elsewhere: in an HSM, in another process. */
export type SignBytesLater = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Stands where the signature will; nobody sees it. */
const UNSIGNED = new Uint8Array(64);

/**
 * What `make` makes with this key. `make` has to ask for one signature and to make the same each time: it runs once, and again with the signature
 * where that takes its time. Rejects with what `make` throws and with what `sign` rejects with.
 */
export async function signLater<T>(make: (sign: SignBytes) => T, sign: SignBytesLater): Promise<T> {
  const asked: { data: Uint8Array; signature: Promise<Uint8Array> }[] = [];
  const made = make((data) => {
    const signature = sign(data);
    if (signature instanceof Uint8Array) return signature;
    // `make` may throw after this, and nobody waits for the signature then.
    signature.catch(() => undefined);
    asked.push({ data, signature });
    return UNSIGNED;
  });
  const [later] = asked;
  if (later === undefined) return made;
  const signature = await later.signature;
  return make((data) => {
    if (equal(data, later.data)) return signature;
    throw new Error("what is to be signed changed while it was signed");
  });
}
