// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Registry of agencies, their recorders and their keys
 * @notice Says which agency exists, what it may do in the ledger, and which public key signs for which of its
 * recorders. Nothing is overwritten: entitlements are a history by block, keys are a list, and every answer
 * names the block it is for. What held at a block stays true for ever, whatever is added, suspended or
 * revoked later, and is answered from the present state, so no archive node is needed. "At a block" means at
 * its end.
 *
 * Where several logs share the registry, it says which of them holds which agency. All of them are logs of
 * one AnchorRegistry, which is named once and for ever. An agency that was never assigned a log may record in
 * any, as in a registry with one log alone.
 *
 * Agency codes and recorder names are ASCII slugs in a bytes32, padded with zero bytes: 1 to 31 of `a-z`,
 * `0-9` and `-`, with no hyphen at either end. A source is `agency/recorder`; its events are numbered by
 * `seq`.
 */
interface IAgencyRegistry {
    /// @notice What an agency is at present.
    struct Agency {
        string name;
        address account;
        uint64 admittedBlock;
        uint8 entitlements;
    }

    /// @notice The entitlements an agency holds from the end of block `fromBlock` until the next change.
    struct EntitlementChange {
        uint64 fromBlock;
        uint8 entitlements;
    }

    /// @notice The log that holds an agency's events from the end of block `fromBlock` until the next one.
    struct LogAssignment {
        uint64 fromBlock;
        uint64 logId;
    }

    /**
     * @notice A public key of a recorder.
     * @param alg 1 EdDSA (32 bytes, RFC 8032), 2 ES256 (65 bytes, SEC 1 uncompressed P-256 point)
     * @param fromSeq first event number it signs; it signs up to the number before the next key's
     * @param addedBlock block that added it
     * @param revokedBlock first block at which it is revoked, 0 when it is not
     * @param key the key
     */
    struct RecorderKey {
        uint8 alg;
        uint64 fromSeq;
        uint64 addedBlock;
        uint64 revokedBlock;
        bytes key;
    }

    /// @notice An agency was admitted; its account may add recorders from now on.
    event AgencyAdmitted(bytes32 indexed agency, string name, address indexed account, uint8 entitlements);
    /// @notice From this block on the agency may do this; 0 means it is suspended.
    event EntitlementsChanged(bytes32 indexed agency, uint8 entitlements);
    /// @notice From now on this account adds and revokes the agency's recorder keys.
    event AgencyAccountChanged(bytes32 indexed agency, address indexed account);
    /// @notice From this block on the key signs the recorder's events from `fromSeq` on.
    event RecorderKeyAdded(
        bytes32 indexed agency,
        bytes32 indexed recorder,
        uint256 keyIndex,
        uint8 alg,
        uint64 fromSeq,
        bytes key
    );
    /// @notice The key is revoked from `fromBlock` on.
    event RecorderKeyRevoked(
        bytes32 indexed agency,
        bytes32 indexed recorder,
        uint256 keyIndex,
        uint64 fromBlock
    );

    /// @notice All logs that hold agencies are logs of this registry, for ever.
    event AnchorRegistryNamed(address indexed anchorRegistry);
    /// @notice From this block on the agency's events belong in this log.
    event LogAssigned(bytes32 indexed agency, uint64 indexed logId);

    /// @notice The bytes are not a slug: 1 to 31 of a-z, 0-9 and inner hyphens, then zero bytes.
    error InvalidSlug(bytes32 value);
    /// @notice An agency's name has 1 to 256 bytes.
    error InvalidName();
    /// @notice The zero address cannot hold this part.
    error ZeroAddress();
    /// @notice There is no agency of this code.
    error UnknownAgency(bytes32 agency);
    /// @notice The code is taken: an agency is admitted once and then suspended or reinstated.
    error AgencyExists(bytes32 agency);
    /// @notice A bit outside RECORD (1), SEAL (2), ERASE (4) and MANDATE (8) is set.
    error UnknownEntitlements(uint8 entitlements);
    /// @notice The agency has just these entitlements already.
    error EntitlementsUnchanged(bytes32 agency, uint8 entitlements);
    /// @notice Only the agency's own account may do this (or, where it is said, the registrar).
    error NotAgencyAccount(bytes32 agency, address account);
    /// @notice The key is not of the form its algorithm asks for.
    error InvalidKey(uint8 alg, uint256 length);
    /// @notice A new key must start after the first event number of the key before it.
    error SeqReachesBack(uint64 previousFromSeq, uint64 fromSeq);
    /// @notice The recorder has no key at this position.
    error UnknownRecorderKey(bytes32 agency, bytes32 recorder, uint256 keyIndex);
    /// @notice A revocation cannot reach back before the present block.
    error BlockReachesBack(uint64 fromBlock);
    /// @notice The key is revoked from that block on already; a revocation can only be moved forward in time
    /// to an earlier block.
    error AlreadyRevoked(uint64 revokedBlock);
    /// @notice The AnchorRegistry was named already, and stays.
    error AnchorRegistryFixed(address anchorRegistry);
    /// @notice No AnchorRegistry was named yet: name it first.
    error NoAnchorRegistry();
    /// @notice There is no contract at the address.
    error NoContract(address account);
    /// @notice The contract at the address does not say how many logs it has.
    error NotAnchorRegistry(address account);
    /// @notice The AnchorRegistry has no log of this number.
    error UnknownLog(uint64 logId);
    /// @notice The agency has just this log already.
    error LogUnchanged(bytes32 agency, uint64 logId);
    /// @notice The block has not been made yet, so what holds at it is not settled.
    error FutureBlock(uint64 blockNumber);

    /**
     * @notice Admits an agency. Only the registrar.
     * @param agency its code
     * @param name its name in full, 1 to 256 bytes of UTF-8
     * @param account the account that adds and revokes its recorders' keys
     * @param entitlements sum of RECORD (1), SEAL (2), ERASE (4) and MANDATE (8); 0 admits it suspended
     */
    function admitAgency(bytes32 agency, string calldata name, address account, uint8 entitlements) external;

    /// @notice Changes what an agency may do from this block on; 0 suspends it. Only the registrar.
    function setEntitlements(bytes32 agency, uint8 entitlements) external;

    /// @notice Gives an agency another account, as when the old one's key was lost or stolen. Only the
    /// registrar.
    function setAgencyAccount(bytes32 agency, address account) external;

    /**
     * @notice Adds a key to a recorder (a name not used before makes a new recorder) and with that ends the
     * previous key's numbers. Only the agency's account.
     * @param fromSeq first event number the key signs, after the previous key's `fromSeq`
     */
    function addRecorderKey(
        bytes32 agency,
        bytes32 recorder,
        uint8 alg,
        bytes calldata key,
        uint64 fromSeq
    ) external;

    /**
     * @notice Revokes a key from a block on. Only the agency's account or the registrar. A revocation that
     * has not taken effect can be moved to an earlier block, never to a later one.
     * @param fromBlock the present block or a later one: what was anchored before stays proven
     */
    function revokeRecorderKey(bytes32 agency, bytes32 recorder, uint256 keyIndex, uint64 fromBlock) external;

    /// @notice Names the AnchorRegistry whose logs hold agencies, once and for ever. Only the administrator,
    /// because no registrar can put right what one named wrongly.
    /// @param anchorRegistry_ a contract that answers `logCount()`
    function nameAnchorRegistry(address anchorRegistry_) external;

    /**
     * @notice Says in which log an agency's events belong from this block on. Only the registrar. What the
     * agency recorded in another log before stays there, and stays proven.
     * @param logId a log of the AnchorRegistry; there is no way back to none
     */
    function assignLog(bytes32 agency, uint64 logId) external;

    /// @notice How many agencies were ever admitted.
    function agencyCount() external view returns (uint256);

    /// @notice The code of the agency at a position, in the order of admission, from 0.
    function agencyCodeAt(uint256 position) external view returns (bytes32);

    /// @notice What an agency is at present; reverts for an unknown code.
    function agencyOf(bytes32 agency) external view returns (Agency memory);

    /// @notice What an agency may do at a block; 0 for an unknown agency and before its admission.
    function entitlementsAt(bytes32 agency, uint64 blockNumber) external view returns (uint8);

    /// @notice Every change of an agency's entitlements, oldest first; empty for an unknown agency.
    function entitlementHistory(bytes32 agency) external view returns (EntitlementChange[] memory);

    /// @notice The AnchorRegistry whose logs hold agencies; the zero address while none is named.
    function anchorRegistry() external view returns (address);

    /// @notice The log in which an agency's events belong at a block; 0 for an unknown agency and while none
    /// was assigned, when it may record in any log.
    function logOfAt(bytes32 agency, uint64 blockNumber) external view returns (uint64);

    /// @notice Every log an agency was assigned, oldest first; empty for an unknown agency.
    function logHistory(bytes32 agency) external view returns (LogAssignment[] memory);

    /// @notice The names of an agency's recorders in the order they came; empty for an unknown agency.
    function recordersOf(bytes32 agency) external view returns (bytes32[] memory);

    /// @notice Every key of a recorder, oldest first; empty for an unknown one.
    function recorderKeys(bytes32 agency, bytes32 recorder) external view returns (RecorderKey[] memory);

    /**
     * @notice The key whose numbers hold `seq`, as things stood at a block. A key added later does not count:
     * otherwise an agency could disown what it signed by adding a key over the same numbers.
     * @return found whether there was one; it may have been revoked: compare `revokedBlock` with the block
     */
    function recorderKeyAt(
        bytes32 agency,
        bytes32 recorder,
        uint64 seq,
        uint64 blockNumber
    ) external view returns (bool found, RecorderKey memory recorderKey);
}
