import type { verifyChecks as vi } from "../vi/verify-checks.ts";

export const verifyChecks: typeof vi = {
  statement: {
    about: {
      title: "Whom the statement is about",
      meaning: "The page does not know whose it should be: compare the number that it names.",
    },
    vrf: {
      title: "Looked up in that person's own place",
      meaning: "The server cannot have given out somebody else's empty list.",
    },
    index: {
      title: "The index says so",
      meaning: "The <index>index</index> that was fixed names exactly this number of that person's entries.",
    },
    entries: {
      title: "Every entry is that person's",
      meaning: "Each entry shows why it is in this list.",
    },
    linked: {
      title: "All the person's numbers are covered",
      meaning: "If the person had another number before, its list is here too.",
    },
  },
  evidence: {
    format: { title: "The file is evidence", meaning: "It can be read and has the right form." },
    disclosures: {
      title: "What is shown belongs to this entry",
      meaning: "Nothing was added or changed after the agency recorded it.",
    },
    submission: {
      title: "The signed submission can be read",
      meaning: "The parcel that the agency signed and sent to the record is here.",
    },
    source: { title: "The same recorder", meaning: "The entry and the signed parcel are of one recorder." },
    sequence: {
      title: "The right number",
      meaning: "The entry's number is that of its place in the signed parcel.",
    },
    "submission-path": {
      title: "It is in the signed parcel",
      meaning: "The agency's signature covers this very entry.",
    },
    proof: {
      title: "The record's proof can be read",
      meaning: "The way from this entry to the <anchor>fixed number</anchor> is here.",
    },
    inclusion: { title: "It is in the record", meaning: "The entry stands in the record at this place." },
    log: {
      title: "Signed for the right record",
      meaning: "The agency signed this entry for the record you trust.",
    },
    checkpoint: { title: "The right record's number", meaning: "The fixed number is of no other record." },
    anchor: {
      title: "It was fixed",
      meaning: "The blockchain holds this very number, and it is the first that covers the entry.",
    },
    "checkpoint-signature": {
      title: "The record signed the number",
      meaning: "The signature is that of the right record.",
    },
    "recorder-key": {
      title: "The recorder's own key",
      meaning: "By the list on the blockchain the agency used this very key at that time.",
    },
    entitlement: {
      title: "The agency was allowed to record",
      meaning: "At that time it had the right to write to the record.",
    },
    "submission-signature": {
      title: "The agency signed it",
      meaning: "The signature is the agency's own, so it cannot deny it.",
    },
    "assigned-log": {
      title: "The agency belonged in this record",
      meaning: "If it had been moved to another record by then, you should look there too.",
    },
    "key-since": { title: "The key was not revoked later", meaning: "If it was, you should know why." },
    "agency-since": {
      title: "The agency may still record",
      meaning: "If it no longer may, you should know why.",
    },
  },
  gathered: {
    format: { title: "The file is a gathered statement", meaning: "It can be read and has the right form." },
    once: { title: "Each record once", meaning: "No record has two statements in the file." },
    parts: {
      title: "Every statement is good",
      meaning: "Each one is checked by itself, as if it had come alone.",
    },
    person: {
      title: "All about the same person",
      meaning: "The page does not know who you are: compare the number that it names.",
    },
    numbers: {
      title: "All about the same numbers",
      meaning: "An older number of the person may be known to one record and not to another.",
    },
    recorders: {
      title: "No recorder in two records",
      meaning: "An agency that moves to another record begins there under a new name.",
    },
    "one-registry": {
      title: "The right list of records",
      meaning: "The agencies' records are those of the list that you trust.",
    },
    complete: {
      title: "No record is missing",
      meaning: "The blockchain says which records there are. One that is missing may hold more about you.",
    },
  },
  bundle: {
    format: { title: "The file is an evidence bundle", meaning: "It can be read and has the right form." },
    log: { title: "The right record", meaning: "The bundle is of the record you trust." },
    evidence: {
      title: "The evidence of every entry is good",
      meaning: "Each entry is checked as if it had come alone.",
    },
    places: {
      title: "In the right places",
      meaning: "Every entry stands in the record where the bundle says.",
    },
    receipts: {
      title: "The receipts are the record's promises",
      meaning: "The record itself signed each receipt for that entry.",
    },
  },
  accusation: {
    format: { title: "The file is an accusation", meaning: "It can be read and has the right form." },
    whole: { title: "The statement is whole", meaning: "The statement in it leaves out no earlier entries." },
    evidence: {
      title: "The evidence of the missing entry is good",
      meaning: "That entry is in the record, written and signed by an agency.",
    },
    statement: { title: "The statement is good", meaning: "The record itself gave out this list." },
    named: { title: "The entry is about this person", meaning: "It belongs in their list." },
    horizon: {
      title: "The entry was there before",
      meaning: "It was recorded before the statement was fixed, so it was not merely late.",
    },
    missing: { title: "The entry is not in the list", meaning: "So the record has hidden an entry." },
  },
  breach: {
    format: {
      title: "The file is the proof of a broken promise",
      meaning: "It can be read and has the right form.",
    },
    breach: {
      title: "The record broke the promise",
      meaning: "The blockchain shows that the promise was not kept.",
    },
  },
  receipt: {
    format: { title: "The file is a receipt", meaning: "It can be read and has the right form." },
    submission: { title: "For what was sent", meaning: "The receipt is about the parcel that was sent." },
    deadlines: { title: "Sound deadlines", meaning: "The receipt's deadlines lie after it was given." },
    log: { title: "The right record's promise", meaning: "The receipt is of the record you trust." },
    final: {
      title: "There is a settled block to judge by",
      meaning: "The blockchain has a moment that is certain.",
    },
    signature: { title: "The record signed the receipt", meaning: "It cannot deny this promise." },
    "anchor-by": {
      title: "Fixed in time",
      meaning: "The entries were on the blockchain by the time that was promised.",
    },
    "index-by": {
      title: "Indexed in time",
      meaning: "The entries were in the statements of those concerned by the time that was promised.",
    },
    content: {
      title: "The record holds what was sent",
      meaning: "The very entries that were sent are in it.",
    },
    "key-since": { title: "The key was not replaced later", meaning: "If it was, you should know why." },
  },
};
