/**
 * The ledger's and its administrators' keys (docs/KEYS.md).
 *
 *     npm run keys -- list                                what is used, and whether the chain knows it
 *     npm run keys -- make NAME --out FILE                a new key
 *     npm run keys -- rotate --checkpoint KEY --receipt KEY
 *     npm run keys -- anchorer KEY
 *     npm run keys -- add AGENCY/RECORDER KEY [--from SEQ]
 *     npm run keys -- revoke AGENCY/RECORDER KEY (--stolen | --at BLOCK)
 *     npm run keys -- account AGENCY KEY
 *     npm run keys -- registrar KEY (--grant | --take)
 *     npm run keys -- admin (begin KEY | accept | cancel)
 *
 * KEY is a file that `make` or `minhbach recorder key` wrote, a `pkcs11:` URI, or what is public of the key:
 * `public:` and hexadecimal, or an account's address. RPC_URL and TRUST_PROFILE say
 * where the registries are; ADMIN_KEY, or ACCOUNT_KEY of an agency, who signs the transaction.
 */
import { isMain } from "./is-main.ts";
import { runKeysCommand } from "./keys/command.ts";
import { runMain } from "./keys/run-main.ts";

if (isMain(import.meta)) await runMain(runKeysCommand);
