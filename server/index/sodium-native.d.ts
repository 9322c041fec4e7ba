/** The part of libsodium's binding that vrf.ts uses. Results go into the first argument; what libsodium refuses throws. */
declare module "sodium-native" {
  interface Sodium {
    crypto_core_ed25519_add: (sum: Buffer, p: Uint8Array, q: Uint8Array) => void;
    crypto_core_ed25519_scalar_reduce: (reduced: Buffer, scalar: Uint8Array) => void;
    crypto_scalarmult_ed25519_noclamp: (product: Buffer, scalar: Uint8Array, p: Uint8Array) => void;
    crypto_scalarmult_ed25519_base_noclamp: (product: Buffer, scalar: Uint8Array) => void;
  }
  const sodium: Sodium;
  export default sodium;
}
