import { CKR, type Cryptoki, loadCryptoki, OK } from "./cryptoki.ts";
import { KeyError } from "./errors.ts";
import { Lanes } from "./lanes.ts";
import { Logins } from "./logins.ts";

/** Half of the threads that Node has for files, databases and libraries together, unless it was given more. */
const LANES = 2;
/** Signing takes milliseconds; a network token that fails over takes seconds. */
const LIMIT_MS = 10_000;

/**
 * A vendor's library in this process, initialized once for all keys in its tokens. After any failure it is finalized and initialized again
 * before the next use: that is how libraries notice that a token is back.
 */
export class Pkcs11Library {
  readonly logins = new Logins();
  readonly #path: string;
  readonly #cryptoki: Cryptoki;
  readonly #lanes = new Lanes(LANES, LIMIT_MS);
  #isReady = false;
  #preparing: Promise<void> | undefined;
  #generation = 0;

  private constructor(modulePath: string, cryptoki: Cryptoki) {
    this.#path = modulePath;
    this.#cryptoki = cryptoki;
  }

  /** One per path and process: PKCS#11 knows no second initialization. @throws KeyError `no-library` */
  static async load(modulePath: string): Promise<Pkcs11Library> {
    const known = LOADED.get(modulePath);
    if (known !== undefined) return await known;
    const loading = loadCryptoki(modulePath).then((cryptoki) => new Pkcs11Library(modulePath, cryptoki));
    LOADED.set(modulePath, loading);
    loading.catch(() => LOADED.delete(modulePath));
    return await loading;
  }

  /**
   * Calls the library in one of its lanes. `generation` changes when it was initialized anew: sessions of before are gone then.
   * @throws KeyError what the work throws; `unavailable` when the library cannot be initialized or takes too long
   */
  async use<T>(
    work: (cryptoki: Cryptoki, place: { lane: number; generation: number }) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      await this.#prepare();
      const outcome = await this.#lanes.run(async (lane) => {
        // Somebody else failed while this waited for its lane.
        if (!this.#isReady) return undefined;
        return { value: await this.#watched(work(this.#cryptoki, { lane, generation: this.#generation })) };
      });
      if (outcome !== undefined) return outcome.value;
    }
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#isReady = false;
      this.#lanes.refuseWaiting(error);
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    if (this.#isReady) return;
    this.#preparing ??= this.#lanes
      .runAlone(async () => await this.#restart())
      .finally(() => (this.#preparing = undefined));
    await this.#preparing;
  }

  async #restart(): Promise<void> {
    // The first time there is nothing to finalize, and the answer says so.
    await this.#cryptoki.finalize();
    const code = await this.#cryptoki.initialize();
    if (code !== OK && code !== CKR.ALREADY_INITIALIZED)
      throw new KeyError("unavailable", `${this.#path} cannot be initialized (0x${code.toString(16)}).`);
    this.#generation++;
    this.#isReady = true;
  }
}

const LOADED = new Map<string, Promise<Pkcs11Library>>();
