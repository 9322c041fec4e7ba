import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { toBase64, toBase64url, utf8 } from "../../protocol/bytes.ts";
import { formatCheckpoint } from "../../protocol/checkpoint.ts";
import type { Disclosure } from "../../protocol/disclosure.ts";
import { makeEvent, parseEvent, payloadLeafHash, payloadOf, showEvent } from "../../protocol/event.ts";
import { type EvidenceFile, formatEvidence } from "../../protocol/evidence.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { type JwsAlgorithm, keyId, signJws, type SignBytes } from "../../protocol/jws.ts";
import { checkpointOrigin, formatLogId } from "../../protocol/log-id.ts";
import { inclusionProof, rootHash } from "../../protocol/merkle.ts";
import { signNote, verifierKey } from "../../protocol/note.ts";
import { sha256 } from "#sha256";
import { parseSource, type Source, splitSource } from "../../protocol/source.ts";
import { formatTlogProof } from "../../protocol/tlog-proof.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import type { ChainState } from "./chain-state.ts";

/** A key pair made from a name, so that every run has the same. */
export interface Signer {
  readonly alg: JwsAlgorithm;
  readonly key: Uint8Array;
  readonly kid: string;
  readonly sign: SignBytes;
}

export function signerOf(name: string, alg: JwsAlgorithm = "EdDSA"): Signer {
  const secret = sha256(utf8(`test key ${name}`));
  const key = alg === "EdDSA" ? ed25519.getPublicKey(secret) : p256.getPublicKey(secret, false);
  const sign: SignBytes = (data) =>
    alg === "EdDSA"
      ? ed25519.sign(data, secret)
      : p256.sign(data, secret, { prehash: true, format: "compact" });
  return { alg, key, kid: keyId(alg, key), sign };
}

export const PROFILE: TrustProfile = {
  name: "Quảng Ninh",
  environment: "production",
  chainId: 5151,
  genesisHash: `0x${"6e".repeat(32)}`,
  anchorRegistry: `0x${"a1".repeat(20)}`,
  agencyRegistry: `0x${"a2".repeat(20)}`,
  logId: 1,
  finalityDepth: 3,
  rpc: [],
};

export const POLICE = parseSource("qn-police/r1");
export const HEALTH = parseSource("hue-health/main");

/** What is recorded and anchored. */
export interface Contents {
  /** In the order of the log. The facets may name the leaf hashes of what was recorded before. */
  readonly submissions: readonly {
    readonly source: Source;
    readonly first: number;
    readonly facets: (earlier: readonly Uint8Array[]) => readonly Facets[];
  }[];
  readonly anchors: ChainState["anchors"];
}

/** Ten accesses of two agencies to the data of one person. */
const ACCESSES: Contents = {
  submissions: [
    { source: POLICE, first: 1, facets: () => [1, 2, 3].map((seq) => accessOf(POLICE, seq)) },
    { source: HEALTH, first: 1, facets: () => [1, 2].map((seq) => accessOf(HEALTH, seq)) },
    { source: POLICE, first: 4, facets: () => [4, 5, 6, 7, 8].map((seq) => accessOf(POLICE, seq)) },
  ],
  anchors: [
    { size: 5, block: 10, time: 1_760_000_000, root: new Uint8Array() },
    { size: 10, block: 20, time: 1_760_000_060, root: new Uint8Array() },
  ],
};
const ISSUED_AT = 1_759_999_990;

/** What a dishonest or mistaken party does differently. */
export interface Departures {
  /** Signs submissions instead of the recorders' own keys. */
  readonly recorder?: Signer;
  /** Signs checkpoints instead of the log's key. */
  readonly checkpointSigner?: Signer;
  /** Origin of the checkpoints. */
  readonly origin?: string;
  /** Where the events' salts come from: other salts make other events. */
  readonly salts?: string;
  /** What the two agencies' recorders are called, in the place of the usual names. */
  readonly sources?: { readonly police: Source; readonly health: Source };
  /** Name of the log's VRF key, in the place of `vrf`. */
  readonly vrf?: string;
  /** Members of the signed submission payloads. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** A log of two agencies' events, and everything it can be asked to prove. */
export interface SmallLedger {
  /** What an honest node of its chain knows; a fresh copy each time. */
  readonly state: () => ChainState;
  /** Evidence of the event at an index, under its first anchor, with the disclosures that `shown` keeps. */
  readonly evidence: (index: number, shown?: (disclosure: Disclosure) => boolean) => EvidenceFile;
  readonly text: (index: number) => string;
  /** Every event whole, as it was submitted. */
  readonly events: readonly string[];
  readonly leafHashes: readonly Uint8Array[];
  readonly signers: Readonly<Record<"police" | "health" | "checkpoint" | "receipt" | "vrf", Signer>>;
}

/** Ten events under two anchors, unless other contents are given. */
export function smallLedger(
  departures: Departures = {},
  profile: TrustProfile = PROFILE,
  { submissions: planned, anchors }: Contents = ACCESSES,
): SmallLedger {
  const signers = {
    police: signerOf("police"),
    health: signerOf("health", "ES256"),
    checkpoint: signerOf("checkpoint"),
    receipt: signerOf("receipt"),
    vrf: signerOf(departures.vrf ?? "vrf"),
  };
  const sources = departures.sources ?? { police: POLICE, health: HEALTH };
  const random = randomFrom(departures.salts ?? "events");
  const log: Uint8Array[] = [];
  const submissions = planned.map(({ source: usual, first, facets: facetsOf }) => {
    const source = usual === POLICE ? sources.police : sources.health;
    const facets = facetsOf(log);
    const count = facets.length;
    const events = facets.map((one, place) => makeEvent({ source, seq: first + place, facets: one, random }));
    const signer = departures.recorder ?? (usual === POLICE ? signers.police : signers.health);
    const leafHashes = events.map((event) => payloadLeafHash(payloadOf(event)));
    log.push(...leafHashes);
    const root = toBase64url(rootHash(leafHashes));
    const payload = { log: formatLogId(logOf(profile)), src: source, first, count, root, iat: ISSUED_AT };
    const header = { alg: signer.alg, kid: signer.kid, typ: "submission+jws" } as const;
    const jws = signJws(header, { ...payload, ...departures.payload }, signer.sign);
    return { events, leafHashes, jws };
  });
  const entries = submissions.flatMap((submission) =>
    submission.events.map((event, place) => ({ event, place, submission })),
  );
  const checkpointSigner = departures.checkpointSigner ?? signers.checkpoint;
  const origin = departures.origin ?? checkpointOrigin(logOf(profile));

  function evidence(index: number, shown: (disclosure: Disclosure) => boolean = isFacet): EvidenceFile {
    const entry = at(entries, index);
    const covering = anchors.findIndex(({ size }) => size > index);
    const { size, block } = at(anchors, covering);
    const tree = log.slice(0, size);
    const note = formatCheckpoint({ origin, size, root: rootHash(tree) });
    const checkpoint = signNote(note, verifierKey(origin, checkpointSigner.key), checkpointSigner.sign);
    return {
      type: "minhbach/evidence",
      version: 1,
      event: showEvent(parseEvent(entry.event), shown),
      submission: {
        jws: entry.submission.jws,
        index: entry.place,
        path: inclusionProof(entry.submission.leafHashes, entry.place).map(toBase64),
      },
      proof: formatTlogProof({ index, hashes: inclusionProof(tree, index), checkpoint }),
      anchor: { block, transaction: `0x${"7a".repeat(32)}` },
    };
  }

  return {
    signers,
    events: entries.map(({ event }) => event),
    leafHashes: log,
    evidence,
    text: (index) => formatEvidence(evidence(index)),
    state: () => ({
      chainId: profile.chainId,
      genesisHash: profile.genesisHash,
      latestBlock: 30,
      anchorRegistry: profile.anchorRegistry,
      agencyRegistry: profile.agencyRegistry,
      anchors: anchors.map((anchor) => ({ ...anchor, root: rootHash(log.slice(0, anchor.size)) })),
      logKeys: [
        {
          fromBlock: 2,
          checkpoint: signers.checkpoint.key,
          receipt: signers.receipt.key,
          vrf: signers.vrf.key,
        },
      ],
      frozen: false,
      successor: 0,
      recorderKeys: [
        {
          ...splitSource(sources.police),
          ...keyOf(signers.police),
          fromSeq: 1,
          addedBlock: 3,
          revokedBlock: 0,
        },
        {
          ...splitSource(sources.health),
          ...keyOf(signers.health),
          fromSeq: 1,
          addedBlock: 4,
          revokedBlock: 0,
        },
      ],
      entitlements: [
        { agency: "qn-police", fromBlock: 3, bits: 1 },
        { agency: "hue-health", fromBlock: 3, bits: 7 },
      ],
    }),
  };
}

/** Every disclosure but the decoys. */
function isFacet(disclosure: Disclosure): boolean {
  return disclosure.name !== "decoy";
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}

function keyOf({ alg, key }: Signer): { alg: JwsAlgorithm; key: Uint8Array } {
  return { alg, key };
}

/** An access to the data of one person, as both agencies record it. */
export function accessOf(source: Source, seq: number): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "001200000001" },
    exchange: { messageId: `m-${seq}`, client: source, service: "population-register" },
    "agent.id": "official-17",
    data: { action: "R", personalData: ["address"] },
    purpose: { procedure: "1.004222" },
    time: { occurred: "2026-03-01T08:00:00+07:00" },
  };
}

/** Bytes that look random and are the same in every run. */
function randomFrom(seed: string): (byteCount: number) => Uint8Array {
  let drawn = 0;
  return (byteCount) => sha256(utf8(`${seed} ${drawn++}`)).subarray(0, byteCount);
}
