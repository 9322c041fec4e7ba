import type { names as vi } from "../vi/names.ts";

export const names: typeof vi = {
  desk: "The ledger's desk",
  "qn-operator": "Operator of the ledger",
  "qn-inspectorate": "Provincial inspectorate",
  "minhbach-inspection": "An inspector's review",
  "minhbach-data-protection": "A data protection officer's review",
  "minhbach-operation": "Operation of the ledger",
  "minhbach-LedgerRecord": "Entries of this ledger",
  schemes: {
    "vn-cccd": "identity card",
    "vn-cmnd": "old identity card",
    "vn-passport": "passport",
    passport: "foreign passport",
    "vn-newborn": "number of the birth notice",
  },
};
