import type koffiPackage from "koffi";
import type { KoffiFunc, TypeObject } from "koffi";
import { KeyError } from "./errors.ts";

/**
 * The C interface of PKCS#11 2.40 (Cryptoki) as far as signing needs it, called through koffi on a thread of its own: a token on a network may
 * take its time. Structures are laid out as on 64-bit Linux and macOS, where CK_ULONG has 8 bytes.
 */
export interface Cryptoki {
  readonly initialize: () => Promise<number>;
  readonly finalize: () => Promise<number>;
  /** The slots with a token in them. */
  readonly slots: () => Promise<Answer<readonly bigint[]>>;
  readonly tokenInfo: (slot: bigint) => Promise<Answer<TokenInfo>>;
  readonly openSession: (slot: bigint) => Promise<Answer<bigint>>;
  readonly closeSession: (session: bigint) => Promise<number>;
  readonly login: (session: bigint, pin: string) => Promise<number>;
  /** The first objects that have these attributes, at most `most`. */
  readonly find: (
    session: bigint,
    attributes: readonly Attribute[],
    most: number,
  ) => Promise<Answer<readonly bigint[]>>;
  /** An attribute of at most 256 bytes. */
  readonly attribute: (session: bigint, object: bigint, type: number) => Promise<Answer<Uint8Array>>;
  /** A signature of at most 256 bytes by a mechanism without parameters. */
  readonly sign: (
    session: bigint,
    object: bigint,
    mechanism: number,
    data: Uint8Array,
  ) => Promise<Answer<Uint8Array>>;
}

export interface TokenInfo {
  readonly label: string;
  readonly serial: string;
  /** CKF_USER_PIN_FINAL_TRY: one more wrong PIN locks the token. */
  readonly hasOneTryLeft: boolean;
}

/** What a call returned (CKR_...), and its value where that is `OK`. */
export type Answer<T> = { readonly code: typeof OK; readonly value: T } | { readonly code: number };

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export const OK = 0;
export const CKR = {
  ALREADY_INITIALIZED: 0x191,
  USER_ALREADY_LOGGED_IN: 0x100,
  PIN_INCORRECT: 0xa0,
  PIN_INVALID: 0xa1,
  PIN_LEN_RANGE: 0xa2,
  PIN_EXPIRED: 0xa3,
  PIN_LOCKED: 0xa4,
  USER_PIN_NOT_INITIALIZED: 0x102,
} as const;
export const CKA = { CLASS: 0x0, LABEL: 0x3, KEY_TYPE: 0x100, ID: 0x102, EC_PARAMS: 0x180, EC_POINT: 0x181 };
export const CKO = { PUBLIC_KEY: 2, PRIVATE_KEY: 3 };
export const CKM = { ECDSA: 0x1041, EDDSA: 0x1057 };

const CKF_OS_LOCKING_OK = 2;
const CKF_SERIAL_SESSION = 4;
const CKU_USER = 1;
/** Place of each function in CK_FUNCTION_LIST, after its version. */
const PLACES = {
  C_Initialize: 0,
  C_Finalize: 1,
  C_GetSlotList: 4,
  C_GetTokenInfo: 6,
  C_OpenSession: 12,
  C_CloseSession: 13,
  C_Login: 18,
  C_GetAttributeValue: 24,
  C_FindObjectsInit: 26,
  C_FindObjects: 27,
  C_FindObjectsFinal: 28,
  C_SignInit: 42,
  C_Sign: 43,
} as const;
const FUNCTIONS = 68;
const ULONG_BYTES = 8;
const TOKEN_INFO_BYTES = 256;
const CKF_USER_PIN_FINAL_TRY = 0x00020000n;
const MAX_SLOTS = 64;
const MAX_VALUE_BYTES = 256;

type Koffi = typeof koffiPackage;
type TypeSpec = string | TypeObject | ReturnType<Koffi["out"]>;

/** Loads the vendor's library. @throws KeyError `no-library` where it or koffi is missing, or on another kind of machine. */
export async function loadCryptoki(modulePath: string): Promise<Cryptoki> {
  const koffi = await loadKoffi();
  try {
    return cryptokiOf(koffi, modulePath);
  } catch (cause) {
    throw new KeyError("no-library", `${modulePath} cannot be loaded as a PKCS#11 library.`, { cause });
  }
}

async function loadKoffi(): Promise<Koffi> {
  if (process.platform === "win32" || !/64/.test(process.arch))
    throw new KeyError("no-library", "Keys in a PKCS#11 token can be used on 64-bit Linux and macOS only.");
  try {
    const { default: koffi } = await import("koffi");
    return koffi;
  } catch (cause) {
    const message = "Keys in a PKCS#11 token need the package koffi: install it (npm install koffi@3).";
    throw new KeyError("no-library", message, { cause });
  }
}

function cryptokiOf(koffi: Koffi, modulePath: string): Cryptoki {
  const types = structures(koffi);
  const pointers = functionList(koffi, modulePath);
  const call = (name: keyof typeof PLACES, ...parameters: TypeSpec[]): Call => {
    const type = koffi.proto(null, "unsigned long", parameters);
    KEPT.push(type, parameters);
    return calling(koffi.decode(pointers[PLACES[name]], type) as NativeCall);
  };
  const { ulong, bytes, out, inOut } = types;
  const initialize = call("C_Initialize", types.initializeArgs);
  const finalize = call("C_Finalize", "void *");
  const getSlotList = call("C_GetSlotList", "uint8_t", out(ulong), inOut(ulong));
  const getTokenInfo = call("C_GetTokenInfo", ulong, out("uint8_t"));
  const openSession = call("C_OpenSession", ulong, ulong, "void *", "void *", out(ulong));
  const closeSession = call("C_CloseSession", ulong);
  const login = call("C_Login", ulong, ulong, bytes, ulong);
  const getAttribute = call("C_GetAttributeValue", ulong, ulong, types.attributes, ulong);
  const findInit = call("C_FindObjectsInit", ulong, types.attributes, ulong);
  const findObjects = call("C_FindObjects", ulong, out(ulong), ulong, out(ulong));
  const findFinal = call("C_FindObjectsFinal", ulong);
  const signInit = call("C_SignInit", ulong, types.mechanism, ulong);
  const sign = call("C_Sign", ulong, bytes, ulong, out("uint8_t"), inOut(ulong));

  return {
    initialize: () => initialize({ ...NO_MUTEXES, flags: CKF_OS_LOCKING_OK, reserved: null }),
    finalize: () => finalize(null),
    slots: async () => {
      const list = new BigUint64Array(MAX_SLOTS);
      const count = BigUint64Array.of(BigInt(MAX_SLOTS));
      const code = await getSlotList(1, list, count);
      return code === OK ? { code, value: [...list.subarray(0, Number(count[0]))] } : { code };
    },
    tokenInfo: async (slot) => {
      const info = new Uint8Array(TOKEN_INFO_BYTES);
      const code = await getTokenInfo(slot, info);
      return code === OK ? { code, value: tokenInfoOf(info) } : { code };
    },
    openSession: async (slot) => {
      const session = new BigUint64Array(1);
      const code = await openSession(slot, CKF_SERIAL_SESSION, null, null, session);
      return code === OK ? { code, value: session[0] ?? 0n } : { code };
    },
    closeSession: (session) => closeSession(session),
    login: async (session, pin) => {
      const text = new TextEncoder().encode(pin);
      return await login(session, CKU_USER, text, text.length);
    },
    find: async (session, attributes, most) => {
      const template = attributes.map(({ type, value }) => ({ type, value, length: value.length }));
      const begun = await findInit(session, template, template.length);
      if (begun !== OK) return { code: begun };
      const objects = new BigUint64Array(most);
      const count = new BigUint64Array(1);
      const code = await findObjects(session, objects, most, count);
      await findFinal(session);
      return code === OK ? { code, value: [...objects.subarray(0, Number(count[0]))] } : { code };
    },
    attribute: async (session, object, type) => {
      const value = new Uint8Array(MAX_VALUE_BYTES);
      const [asked] = [[{ type, value, length: value.length }]];
      const code = await getAttribute(session, object, asked, 1);
      return code === OK ? { code, value: value.slice(0, Number(asked[0]?.length)) } : { code };
    },
    sign: async (session, object, mechanism, data) => {
      const begun = await signInit(session, { mechanism, parameter: null, length: 0 }, object);
      if (begun !== OK) return { code: begun };
      const signature = new Uint8Array(MAX_VALUE_BYTES);
      const length = BigUint64Array.of(BigInt(MAX_VALUE_BYTES));
      const code = await sign(session, data, data.length, signature, length);
      return code === OK ? { code, value: signature.slice(0, Number(length[0])) } : { code };
    },
  };
}

const NO_MUTEXES = { create: null, destroy: null, lock: null, unlock: null };

type Call = (...parameters: unknown[]) => Promise<number>;
type NativeCall = KoffiFunc<(...parameters: unknown[]) => unknown>;

function calling(native: NativeCall): Call {
  return async (...parameters) =>
    await new Promise((resolve, reject) => {
      native.async(...parameters, (error: unknown, code: unknown) => {
        if (error === null || error === undefined) resolve(Number(code));
        else reject(new Error("the library could not be called", { cause: error }));
      });
    });
}

interface Structures {
  readonly ulong: string;
  readonly bytes: string;
  readonly initializeArgs: TypeSpec;
  readonly attributes: TypeSpec;
  readonly mechanism: TypeSpec;
  readonly out: (type: string) => TypeSpec;
  readonly inOut: (type: string) => TypeSpec;
}

function structures(koffi: Koffi): Structures {
  const ulong = "unsigned long";
  const initializeArgs = koffi.struct({
    ...{ create: "void *", destroy: "void *", lock: "void *", unlock: "void *" },
    ...{ flags: ulong, reserved: "void *" },
  });
  const attribute = koffi.struct({ type: ulong, value: "void *", length: ulong });
  const mechanism = koffi.struct({ mechanism: ulong, parameter: "void *", length: ulong });
  KEPT.push(initializeArgs, attribute, mechanism);
  return {
    ...{ ulong, bytes: "const uint8_t *" },
    initializeArgs: koffi.pointer(initializeArgs),
    attributes: koffi.inout(koffi.pointer(attribute)),
    mechanism: koffi.pointer(mechanism),
    out: (type) => koffi.out(koffi.pointer(type)),
    inOut: (type) => koffi.inout(koffi.pointer(type)),
  };
}

/** What native code goes on using for the life of the process, and what would be unloaded once JavaScript forgot it. */
const KEPT: unknown[] = [];

/** The one symbol every library has to export; all others are found by it. */
function functionList(koffi: Koffi, modulePath: string): unknown[] {
  // Node exports the symbols of its own OpenSSL; a library that brings another one must find its own first.
  const library = koffi.load(modulePath, { deep: process.platform === "linux" });
  const list: [unknown] = [null];
  const getList = library.func("unsigned long C_GetFunctionList(_Out_ void **list)");
  KEPT.push(library, getList);
  const code: unknown = getList(list);
  if (code !== OK) throw new Error(`C_GetFunctionList answered ${String(code)}`);
  return koffi.decode(list[0], ULONG_BYTES, koffi.array("void *", FUNCTIONS)) as unknown[];
}

/** CK_TOKEN_INFO begins with label[32], manufacturerID[32], model[16], serialNumber[16], padded with blanks, and the flags. */
export function tokenInfoOf(info: Uint8Array): TokenInfo {
  const [flags = 0n] = new BigUint64Array(info.slice(96, 96 + ULONG_BYTES).buffer);
  return {
    label: padded(info, 0, 32),
    serial: padded(info, 80, 96),
    hasOneTryLeft: (flags & CKF_USER_PIN_FINAL_TRY) !== 0n,
  };
}

function padded(info: Uint8Array, begin: number, end: number): string {
  return new TextDecoder().decode(info.subarray(begin, end)).replace(/[ \0]+$/, "");
}
