// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Registry of anchored checkpoints of transparency logs
 * @notice Keeps, for each log, every checkpoint (tree size and RFC 6962 root) that was anchored, and accepts
 * a new one only with an RFC 9162 proof that it extends the one before. Whoever holds an anchorer's key can
 * stop a log but cannot fork, shrink or edit it; neither can the administrator. Nothing is ever overwritten,
 * so every question about the past is answered from the present state and no archive node is needed.
 *
 * Logs are numbered from 1. Sizes and indexes count leaves. Blocks are block numbers, times are Unix seconds
 * of the block.
 */
interface IAnchorRegistry {
    /**
     * @notice The public keys of a log, each 32 bytes of Ed25519 (RFC 8032).
     * @param checkpoint signs checkpoints (C2SP tlog-checkpoint)
     * @param receipt signs receipts
     * @param vrf proves index keys (RFC 9381); fixed for the life of the log, because every index key depends
     * on it
     */
    struct LogKeys {
        bytes32 checkpoint;
        bytes32 receipt;
        bytes32 vrf;
    }

    /// @notice The keys that may change, in force from the end of block `fromBlock` until the next version.
    struct KeyVersion {
        uint64 fromBlock;
        bytes32 checkpoint;
        bytes32 receipt;
    }

    /**
     * @notice One accepted checkpoint.
     * @param size leaves in the log
     * @param indexSize leaves the index tree covers; at most `size`; 0 while there is no index tree
     * @param blockNumber block that accepted it
     * @param time that block's time in Unix seconds
     * @param root RFC 6962 root over the first `size` leaves
     * @param indexRoot root of the index tree over the first `indexSize` leaves
     */
    struct Anchor {
        uint64 size;
        uint64 indexSize;
        uint64 blockNumber;
        uint64 time;
        bytes32 root;
        bytes32 indexRoot;
    }

    /**
     * @notice What the registry knows of a log beside its keys and anchors.
     * @param anchorer the only account that may anchor
     * @param maxGrowth most leaves one anchor may add
     * @param frozen no anchor is accepted any more, for ever
     * @param predecessor log this one continues, or 0
     * @param predecessorAnchor which anchor of the predecessor this log was seeded from (meaningless without
     * one)
     * @param successor log that continues this one, or 0
     */
    struct LogState {
        address anchorer;
        uint64 maxGrowth;
        bool frozen;
        uint64 predecessor;
        uint64 predecessorAnchor;
        uint64 successor;
    }

    /// @notice A log was created, empty or as a successor.
    event LogCreated(uint64 indexed logId, address indexed anchorer, LogKeys keys, uint64 maxGrowth);
    /// @notice A checkpoint was accepted; block and time are those of the event.
    event Anchored(
        uint64 indexed logId,
        uint64 indexed size,
        bytes32 root,
        uint64 indexSize,
        bytes32 indexRoot
    );
    /// @notice From now on only this account may anchor.
    event AnchorerChanged(uint64 indexed logId, address indexed anchorer);
    /// @notice From now on an anchor may add at most so many leaves.
    event MaxGrowthChanged(uint64 indexed logId, uint64 maxGrowth);
    /// @notice From this block on the log signs with these keys; the VRF key stays.
    event KeysRotated(uint64 indexed logId, bytes32 checkpoint, bytes32 receipt);
    /// @notice The log accepts no anchor any more, for ever.
    event LogFrozen(uint64 indexed logId);
    /// @notice `newLogId` continues `oldLogId` from its anchor at `anchorIndex`, of this size and root.
    event SuccessorCreated(
        uint64 indexed oldLogId,
        uint64 indexed newLogId,
        uint256 anchorIndex,
        uint64 size,
        bytes32 root
    );

    /// @notice There is no log of this number.
    error UnknownLog(uint64 logId);
    /// @notice The log has no anchor at this position.
    error UnknownAnchor(uint64 logId, uint256 anchorIndex);
    /// @notice Only the log's anchorer may anchor.
    error NotAnchorer(uint64 logId, address account);
    /// @notice The log was frozen for ever.
    error LogIsFrozen(uint64 logId);
    /// @notice The log was already continued by another.
    error AlreadySucceeded(uint64 logId, uint64 successor);
    /// @notice The anchorer's view is out of date: read the head and prove from there.
    error StaleHead(uint64 logId, uint64 headSize);
    /// @notice A log never shrinks.
    error LogShrinks(uint64 headSize, uint64 newSize);
    /// @notice One anchor may not add that many leaves; anchor a smaller size first.
    error GrowthTooLarge(uint64 growth, uint64 maxGrowth);
    /// @notice The proof does not show that the new tree starts with the old one.
    error InconsistentRoot();
    /// @notice Neither the log nor its index grew.
    error NothingNew(uint64 size, uint64 indexSize);
    /// @notice The index never covers less than it did.
    error IndexShrinks(uint64 headIndexSize, uint64 indexSize);
    /// @notice The index cannot cover leaves the log does not have.
    error IndexBeyondLog(uint64 size, uint64 indexSize);
    /// @notice The index root changed although the index covers the same leaves.
    error IndexRootChanged();
    /// @notice A log's three keys must be set and differ from one another.
    error InvalidKeys();
    /// @notice The zero address cannot hold this part.
    error ZeroAddress();
    /// @notice The growth cap must be 1 to 2^48 - 1 (a cap of 0 would stop the log; freeze it instead).
    error InvalidMaxGrowth(uint64 maxGrowth);
    /// @notice The block has not been made yet, so what holds at it is not settled.
    error FutureBlock(uint64 blockNumber);
    /// @notice The log did not exist yet at the end of that block.
    error NoKeysYet(uint64 logId, uint64 blockNumber);

    /**
     * @notice Creates an empty log. Only the administrator.
     * @param anchorer the only account that may anchor to it
     * @param keys its public keys, none zero, no two equal
     * @param maxGrowth most leaves one anchor may add, 1 to 2^48 - 1: bounds what a stolen anchorer key can
     * do
     * @return logId its number, the next one from 1
     */
    function createLog(
        address anchorer,
        LogKeys calldata keys,
        uint64 maxGrowth
    ) external returns (uint64 logId);

    /**
     * @notice Continues a log from one of its anchors, which need not be the last: freezes the old log, if it
     * is not frozen yet, and creates a new one whose first anchor is that checkpoint, so that its next anchor
     * must be consistent with it. Only the administrator, once per log.
     * @dev The index root is carried over only with the VRF key it was made under. Under another VRF key
     * every person's index key is another one, and the old root would "prove" that nobody has any event; the
     * new log then starts at index size 0.
     * @param anchorIndex position of the chosen checkpoint in the old log's history
     * @return newLogId number of the new log
     */
    function createSuccessor(
        uint64 oldLogId,
        uint256 anchorIndex,
        address anchorer,
        LogKeys calldata keys,
        uint64 maxGrowth
    ) external returns (uint64 newLogId);

    /**
     * @notice Anchors a checkpoint. Only the log's anchorer, while neither the registry is paused nor the log
     * frozen.
     * @param expectedSize size of the head this anchor extends (0 for a log's first); anything else than the
     * present head is refused, so sending the same anchor twice has no second effect
     * @param newSize at least `expectedSize`, at most `maxGrowth` more
     * @param indexSize leaves covered by the index: never less than before, at most `newSize`
     * @param indexRoot must be unchanged where `indexSize` is unchanged, and zero where it is 0
     * @param proof RFC 9162 consistency proof from the head to `newSize`; empty for a log's first anchor, and
     * empty where the sizes are equal, which is accepted only with an equal root and a growing index
     */
    function anchor(
        uint64 logId,
        uint64 expectedSize,
        uint64 newSize,
        bytes32 newRoot,
        uint64 indexSize,
        bytes32 indexRoot,
        bytes32[] calldata proof
    ) external;

    /// @notice Replaces the account that may anchor. Only the administrator.
    function setAnchorer(uint64 logId, address anchorer) external;

    /// @notice Changes the growth cap. Only the administrator.
    function setMaxGrowth(uint64 logId, uint64 maxGrowth) external;

    /// @notice Replaces the checkpoint and the receipt key from this block on. The VRF key never changes.
    /// Only the administrator.
    function rotateKeys(uint64 logId, bytes32 checkpoint, bytes32 receipt) external;

    /// @notice Stops a log for ever. Its history stays readable. Only the administrator.
    function freeze(uint64 logId) external;

    /// @notice Stops anchoring to all logs for the time being. Only a holder of `PAUSER_ROLE`.
    function pause() external;

    /// @notice Lets anchoring go on. Only the administrator: who can stop in an emergency cannot also end it.
    function unpause() external;

    /// @notice How many logs there are; their numbers are 1 to this.
    function logCount() external view returns (uint64);

    /// @notice Anchorer, growth cap, freeze, and the logs before and after.
    function logState(uint64 logId) external view returns (LogState memory);

    /// @notice The last anchor, all zeros when there is none yet.
    function head(uint64 logId) external view returns (Anchor memory);

    /// @notice How many anchors the log has.
    function anchorCount(uint64 logId) external view returns (uint256);

    /// @notice The anchor at a position, from 0.
    function anchorAt(uint64 logId, uint256 anchorIndex) external view returns (Anchor memory);

    /// @notice The first anchor of exactly this size (an index may be anchored later at the same size).
    function anchorOfSize(
        uint64 logId,
        uint64 size
    ) external view returns (bool found, Anchor memory firstAnchor);

    /// @notice The first anchor whose tree holds the leaf at `index`: the one at whose block an event is
    /// judged.
    function anchorCovering(
        uint64 logId,
        uint64 index
    ) external view returns (bool found, Anchor memory firstAnchor);

    /// @notice The first anchor whose index tree covers the leaf at `index`: by then a promise to list it was
    /// kept.
    function anchorIndexing(
        uint64 logId,
        uint64 index
    ) external view returns (bool found, Anchor memory firstAnchor);

    /**
     * @notice The keys in force at the end of a block. Reverts before the log's creation and for a block not
     * made yet: zeros could pass for a key.
     */
    function logKeysAt(uint64 logId, uint64 blockNumber) external view returns (LogKeys memory);

    /// @notice Every checkpoint and receipt key the log ever had, oldest first.
    function keyVersions(uint64 logId) external view returns (KeyVersion[] memory);

    /// @notice Whether a leaf stands at `index` in the tree of an anchor (RFC 9162 section 2.1.3.2).
    function verifyInclusion(
        uint64 logId,
        uint256 anchorIndex,
        bytes32 leafHash,
        uint64 index,
        bytes32[] calldata proof
    ) external view returns (bool);
}
