import { createHash } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Answer, type Attribute, CKA, CKM, CKO, type Cryptoki, type TokenInfo } from "./cryptoki.ts";
import { KeyError } from "./errors.ts";
import { unavailable } from "./logins.ts";
import { Pkcs11Library } from "./pkcs11-library.ts";
import { parsePkcs11Uri, type Pkcs11Uri } from "./pkcs11-uri.ts";
import { readSecretFile } from "./secret-file.ts";

export type Curve = "ed25519" | "p256" | "secp256k1";

/** A private key that never leaves its token. */
export interface Pkcs11Key {
  readonly curve: Curve;
  /** Ed25519: 32 bytes; the others: the 65 bytes of the uncompressed point. */
  readonly publicKey: Uint8Array;
  /**
   * The 64 bytes of RFC 8032 over the data for Ed25519; r || s over its SHA-256 for P-256; r || s over the data itself, a digest of 32 bytes,
   * for secp256k1. Signatures may be asked for at once; each is made or fails by itself.
   * @throws KeyError `unavailable` while the token is not there, `wrong-pin` for ever once the PIN was refused
   */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
}

interface Session {
  readonly generation: number;
  readonly handle: bigint;
  readonly key: bigint;
}

const SIGNATURE_BYTES = 64;
/** DER of the curve's object identifier, or its name (PKCS#11 3.0 section 2.3.5), in hexadecimal. */
const CURVES: Readonly<Record<string, Curve>> = {
  "06032b6570": "ed25519",
  "130c656477617264733235353139": "ed25519",
  "06082a8648ce3d030107": "p256",
  "06052b8104000a": "secp256k1",
};
const POINT_BYTES = { ed25519: 32, p256: 65, secp256k1: 65 } as const;

/**
 * Opens the key that an RFC 7512 URI names, and makes one signature with it to see that its public key is its own. The PIN is the text of its `pin-source`, else `pin`.
 * @throws KeyError `bad-uri`, `bad-file`, `no-library`, `no-token`, `no-key`, `wrong-kind`, `mismatch`, `wrong-pin`, `unavailable`
 */
export async function openPkcs11Key(uriText: string, pin?: string): Promise<Pkcs11Key> {
  const uri = parsePkcs11Uri(uriText);
  const secret = uri.pinFile === undefined ? pin : readSecretFile(uri.pinFile);
  if (secret === undefined || secret === "")
    throw new KeyError(
      "bad-uri",
      "The pkcs11: URI names no PIN: add pin-source= with the file that holds it.",
    );
  const token = new TokenKey(uri, secret, await Pkcs11Library.load(uri.modulePath));
  const { curve, publicKey } = await token.describe();
  const key: Pkcs11Key = { curve, publicKey, sign: async (data) => await token.sign(curve, data) };
  if (!isSignedBy(key, await key.sign(TRIAL)))
    throw new KeyError(
      "mismatch",
      "The PKCS#11 token's private key does not belong to the public key of its label and id: put the right one there.",
    );
  return key;
}

/** Of 32 bytes, as the digests that accounts sign; nothing that anybody takes for a statement. */
const TRIAL = new Uint8Array(
  createHash("sha256").update("Minh Bach: does the private key belong to the public one?").digest(),
);

function isSignedBy({ curve, publicKey }: Pkcs11Key, signature: Uint8Array): boolean {
  try {
    if (curve === "ed25519") return ed25519.verify(signature, TRIAL, publicKey, { zip215: false });
    const isHashed = curve === "p256";
    return (isHashed ? p256 : secp256k1).verify(signature, TRIAL, publicKey, {
      lowS: false,
      prehash: isHashed,
    });
  } catch {
    // Noble throws for a public key that is no point of its curve.
    return false;
  }
}

class TokenKey {
  readonly #uri: Pkcs11Uri;
  readonly #pin: string;
  readonly #library: Pkcs11Library;
  /** One for each lane of the library: a session makes one signature at a time. */
  readonly #sessions = new Map<number, Session>();
  /** Once the PIN was refused the library is left alone: other tokens' keys may go on. */
  #refusal: KeyError | undefined;

  constructor(uri: Pkcs11Uri, pin: string, library: Pkcs11Library) {
    this.#uri = uri;
    this.#pin = pin;
    this.#library = library;
  }

  async sign(curve: Curve, data: Uint8Array): Promise<Uint8Array> {
    const [mechanism, signed] =
      curve === "ed25519"
        ? [CKM.EDDSA, data]
        : [CKM.ECDSA, curve === "p256" ? createHash("sha256").update(data).digest() : data];
    return await this.#withSession(async (cryptoki, session) => {
      const signature = valueOf(
        await cryptoki.sign(session.handle, session.key, mechanism, signed),
        "does not sign",
      );
      if (signature.length !== SIGNATURE_BYTES)
        throw new KeyError("wrong-kind", "The PKCS#11 token makes signatures of another form.");
      return signature;
    });
  }

  async describe(): Promise<{ curve: Curve; publicKey: Uint8Array }> {
    return await this.#withSession(async (cryptoki, { handle, key }) => {
      const attributes: Attribute[] = [{ type: CKA.CLASS, value: ulong(CKO.PUBLIC_KEY) }];
      const id = valueOf(await cryptoki.attribute(handle, key, CKA.ID), "has no id for the key");
      const found = valueOf(
        await cryptoki.find(handle, [...attributes, { type: CKA.ID, value: id }, ...this.#labelled()], 2),
        "cannot be searched",
      );
      if (found.length > 1)
        throw new KeyError(
          "no-key",
          "The PKCS#11 token has several public keys of the private one's label and id: delete those that are not its own.",
        );
      // Newer tokens have the point in the private key as well.
      const holder = found[0] ?? key;
      const parameters = await cryptoki.attribute(handle, holder, CKA.EC_PARAMS);
      const point = await cryptoki.attribute(handle, holder, CKA.EC_POINT);
      if (!("value" in parameters) || !("value" in point))
        throw new KeyError(
          "no-key",
          "The PKCS#11 token has no public key beside the private one: put it there under the same label and id.",
        );
      return publicKeyOf(parameters.value, point.value);
    });
  }

  /** Tries a second time with the library initialized anew: the token may have been out and be back. */
  async #withSession<T>(work: (cryptoki: Cryptoki, session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#once(work);
    } catch (error) {
      if (!(error instanceof KeyError) || error.code === "wrong-pin") throw error;
      return await this.#once(work);
    }
  }

  async #once<T>(work: (cryptoki: Cryptoki, session: Session) => Promise<T>): Promise<T> {
    if (this.#refusal !== undefined) throw this.#refusal;
    return await this.#library.use(async (cryptoki, { lane, generation }) => {
      const kept = this.#sessions.get(lane);
      const session = kept?.generation === generation ? kept : await this.#open(cryptoki, generation);
      this.#sessions.set(lane, session);
      return await work(cryptoki, session);
    });
  }

  async #open(cryptoki: Cryptoki, generation: number): Promise<Session> {
    const { slot, token } = await this.#slot(cryptoki);
    const handle = valueOf(await cryptoki.openSession(slot), "opens no session");
    await this.#login(cryptoki, handle, token);
    const attributes = [
      { type: CKA.CLASS, value: ulong(CKO.PRIVATE_KEY) },
      ...this.#labelled(),
      ...(this.#uri.key.id === undefined ? [] : [{ type: CKA.ID, value: this.#uri.key.id }]),
    ];
    const [key, second] = valueOf(await cryptoki.find(handle, attributes, 2), "cannot be searched");
    if (key === undefined)
      throw new KeyError("no-key", "The PKCS#11 token has no private key of that object name and id.");
    if (second !== undefined)
      throw new KeyError("no-key", "The PKCS#11 token has several such keys: name one by object= and id=.");
    return { generation, handle, key };
  }

  async #slot(cryptoki: Cryptoki): Promise<{ slot: bigint; token: TokenInfo }> {
    const { label, serial } = this.#uri.token;
    const found: { slot: bigint; token: TokenInfo }[] = [];
    for (const slot of valueOf(await cryptoki.slots(), "lists no slots")) {
      const info = await cryptoki.tokenInfo(slot);
      if (!("value" in info)) continue;
      const isIt =
        (label === undefined || info.value.label === label) &&
        (serial === undefined || info.value.serial === serial);
      if (isIt) found.push({ slot, token: info.value });
    }
    const [only, second] = found;
    if (only === undefined)
      throw new KeyError("no-token", "No PKCS#11 token of that name is there: put it in, or name another.");
    if (second !== undefined)
      throw new KeyError("no-token", "Several PKCS#11 tokens have that name: name one by serial=.");
    return only;
  }

  async #login(cryptoki: Cryptoki, session: bigint, token: TokenInfo): Promise<void> {
    try {
      await this.#library.logins.login(cryptoki, session, token, this.#pin);
    } catch (error) {
      if (error instanceof KeyError && error.code === "wrong-pin") this.#refusal = error;
      throw error;
    }
  }

  #labelled(): Attribute[] {
    const { label } = this.#uri.key;
    return label === undefined ? [] : [{ type: CKA.LABEL, value: new TextEncoder().encode(label) }];
  }
}

function publicKeyOf(parameters: Uint8Array, point: Uint8Array): { curve: Curve; publicKey: Uint8Array } {
  const curve = CURVES[Buffer.from(parameters).toString("hex")];
  if (curve === undefined)
    throw new KeyError("wrong-kind", "The PKCS#11 key has another curve than Ed25519, P-256 and secp256k1.");
  // A DER octet string around the point; some tokens leave it out.
  const isWrapped = point.length === POINT_BYTES[curve] + 2 && point[0] === 0x04;
  const publicKey = isWrapped ? point.slice(2) : point;
  if (publicKey.length !== POINT_BYTES[curve])
    throw new KeyError("wrong-kind", "The PKCS#11 token shows its public key in an unknown form.");
  return { curve, publicKey };
}

function ulong(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), IS_LITTLE_ENDIAN);
  return bytes;
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function valueOf<T>(answer: Answer<T>, what: string): T {
  if ("value" in answer) return answer.value;
  throw unavailable(what, answer.code);
}
