import type { terms as vi } from "../vi/terms.ts";

export const terms: typeof vi = {
  statement: {
    word: "Statement",
    meaning:
      "The list of every time your data was looked at or used, and of everything an agency did for you. It comes with a mathematical proof that no entry is missing.",
  },
  anchor: {
    word: "Fixed on the blockchain",
    meaning:
      "Every few minutes one number that stands for the whole record is written to the blockchain. After that nobody can change what was recorded without being found out. No personal data is on the blockchain.",
  },
  chain: {
    word: "Blockchain",
    meaning:
      "A common ledger that many computers keep together. It can be added to, and never erased or changed.",
  },
  block: {
    word: "Block",
    meaning:
      "The blockchain grows block by block, and each has a number. The number tells when something was written to the blockchain.",
  },
  index: {
    word: "Index",
    meaning:
      "It says which entries of the record are whose, like the index at the end of a book. By it your statement can be proven to miss nothing.",
  },
  evidence: {
    word: "Evidence",
    meaning:
      "A file that proves that an entry is in the record, which agency wrote it, and when. Anybody can check it without trusting this server.",
  },
  horizon: {
    word: "Up to",
    meaning:
      "The statement has every entry that was fixed by this moment. What has just happened appears after the next time, usually within minutes.",
  },
  sealed: {
    word: "Sealed",
    meaning:
      "The law lets some authorities keep an entry closed for a time, during an investigation for example. You see that there is an entry, who closed it and until when; after that you see what it says.",
  },
  erased: {
    word: "Erased",
    meaning:
      "What this entry said was destroyed by an order to erase. Its trace stays, so that no entry goes missing, but nobody can read it any more.",
  },
  finding: {
    word: "Finding",
    meaning:
      "Something odd that the system itself saw when it compared what was done with the law, with the list of procedures and with your consents. Inspectors look at it.",
  },
  procedure: {
    word: "Procedure",
    meaning:
      "One kind of administrative business, such as issuing a passport. A public list says which data each procedure may use, from which agency, and by which article of law.",
  },
  category: {
    word: "Kind of data",
    meaning:
      "Which kind of information was used, such as the date of birth. Only the kind is written here, never the information itself.",
  },
  legalBasis: {
    word: "Legal basis",
    meaning: "The article of law that lets an agency do this without asking you.",
  },
  consent: {
    word: "Consent",
    meaning:
      "You allow an agency to use some kinds of data for one purpose and for a time. You can withdraw it whenever you like.",
  },
  mandate: {
    word: "Right to represent",
    meaning: "What lets one person act for another, as parents do for a child under 16.",
  },
  emergency: {
    word: "Emergency",
    meaning:
      "The agency used the data without waiting for permission, because there was danger. An inspector reviews every such case afterwards.",
  },
  rule: {
    word: "Automatic rule",
    meaning:
      "A machine acted by a written rule, and no person decided. You can object, and ask that a person looks at it.",
  },
  bothSides: {
    word: "Recorded by both sides",
    meaning:
      "Who asked for the data and who gave it each recorded this exchange themselves. When both records agree, it is hard for anybody to hide something.",
  },
  digest: {
    word: "Fingerprint of the file",
    meaning:
      "A number computed from the content of the file. If one letter changes, the number is quite another, so it tells whether the file is still the same. The way to compute it is called SHA-256.",
  },
  complaint: {
    word: "Complaint",
    meaning:
      "You say that a use of your data looks wrong. The agency has to answer within the time the law gives; an inspector decides.",
  },
  objection: {
    word: "Objection to automatic processing",
    meaning:
      "You do not want a machine to start this procedure for you. From then on agencies act only when you apply yourself.",
  },
  trustProfile: {
    word: "Trust profile",
    meaning:
      "Where on the blockchain the real record is. Your browser uses it to know what to compare the statement with. On this page the server names it; on the Verify page you can use one of your own.",
  },
  officialRole: {
    word: "Position",
    meaning:
      "The position of who looked. The name is not shown here; the agency answers for it, and inspectors know who it was.",
  },
};
