// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {MerkleLog} from "./lib/MerkleLog.sol";

/**
 * @title Registry of anchored checkpoints of transparency logs
 * @notice See {IAnchorRegistry}. There is no proxy and no upgrade: rules that could be replaced would bind
 * nobody.
 */
contract AnchorRegistry is IAnchorRegistry, AccessControlDefaultAdminRules, Pausable {
    /**
     * What every anchor reads and writes shares the first slot. Anchors are stored from position 1: position
     * 0 is never written and stands for the empty log, so `anchors[anchorCount]` is always the head.
     */
    struct Log {
        address anchorer;
        uint40 anchorCount;
        uint48 maxGrowth;
        bool frozen;
        uint64 predecessor;
        uint64 predecessorAnchor;
        uint64 successor;
        bytes32 vrf;
        KeyVersion[] keyVersions;
        mapping(uint256 position => Anchor accepted) anchors;
    }

    /// @notice May pause anchoring.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @inheritdoc IAnchorRegistry
    uint64 public override logCount;

    mapping(uint64 logId => Log log) private _logs;

    /**
     * @notice Deploys an empty registry.
     * @param adminDelay seconds a change of administrator must wait (OpenZeppelin
     * AccessControlDefaultAdminRules)
     * @param admin administrator, and first holder of `PAUSER_ROLE`
     */
    constructor(uint48 adminDelay, address admin) AccessControlDefaultAdminRules(adminDelay, admin) {
        _grantRole(PAUSER_ROLE, admin);
    }

    /// @inheritdoc IAnchorRegistry
    function createLog(
        address anchorer,
        LogKeys calldata keys,
        uint64 maxGrowth
    ) external override onlyRole(DEFAULT_ADMIN_ROLE) returns (uint64 logId) {
        return _createLog(anchorer, keys, maxGrowth);
    }

    /// @inheritdoc IAnchorRegistry
    function createSuccessor(
        uint64 oldLogId,
        uint256 anchorIndex,
        address anchorer,
        LogKeys calldata keys,
        uint64 maxGrowth
    ) external override onlyRole(DEFAULT_ADMIN_ROLE) returns (uint64 newLogId) {
        Log storage oldLog = _log(oldLogId);
        if (oldLog.successor != 0) revert AlreadySucceeded(oldLogId, oldLog.successor);
        Anchor memory seed = _anchorAt(oldLogId, anchorIndex);

        newLogId = _createLog(anchorer, keys, maxGrowth);
        if (!oldLog.frozen) {
            oldLog.frozen = true;
            emit LogFrozen(oldLogId);
        }
        oldLog.successor = newLogId;
        Log storage newLog = _logs[newLogId];
        newLog.predecessor = oldLogId;
        // A history of more than 2^64 anchors cannot exist.
        newLog.predecessorAnchor = uint64(anchorIndex);
        if (newLog.vrf != oldLog.vrf) {
            seed.indexSize = 0;
            seed.indexRoot = 0;
        }
        emit SuccessorCreated(oldLogId, newLogId, anchorIndex, seed.size, seed.root);
        _append(newLogId, newLog, seed.size, seed.root, seed.indexSize, seed.indexRoot);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(
        uint64 logId,
        uint64 expectedSize,
        uint64 newSize,
        bytes32 newRoot,
        uint64 indexSize,
        bytes32 indexRoot,
        bytes32[] calldata proof
    ) external override whenNotPaused {
        Log storage log = _log(logId);
        if (log.anchorer != msg.sender) revert NotAnchorer(logId, msg.sender);
        if (log.frozen) revert LogIsFrozen(logId);
        Anchor storage last = log.anchors[log.anchorCount];
        (uint64 headSize, uint64 headIndexSize) = (last.size, last.indexSize);
        if (expectedSize != headSize) revert StaleHead(logId, headSize);

        if (newSize < headSize) revert LogShrinks(headSize, newSize);
        if (newSize - headSize > log.maxGrowth) revert GrowthTooLarge(newSize - headSize, log.maxGrowth);
        _requireIndexRules(last, headIndexSize, newSize, indexSize, indexRoot);
        if (newSize == headSize && indexSize == headIndexSize) revert NothingNew(newSize, indexSize);
        // A log without anchors is the empty tree, which any first checkpoint extends.
        bytes32 headRoot = headSize == 0 ? MerkleLog.EMPTY_ROOT : last.root;
        if (!MerkleLog.verifyConsistency(headSize, newSize, headRoot, newRoot, proof))
            revert InconsistentRoot();
        _append(logId, log, newSize, newRoot, indexSize, indexRoot);
    }

    /// @inheritdoc IAnchorRegistry
    function setAnchorer(uint64 logId, address anchorer) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        Log storage log = _liveLog(logId);
        if (anchorer == address(0)) revert ZeroAddress();
        log.anchorer = anchorer;
        emit AnchorerChanged(logId, anchorer);
    }

    /// @inheritdoc IAnchorRegistry
    function setMaxGrowth(uint64 logId, uint64 maxGrowth) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        Log storage log = _liveLog(logId);
        _setMaxGrowth(log, maxGrowth);
        emit MaxGrowthChanged(logId, maxGrowth);
    }

    /// @inheritdoc IAnchorRegistry
    function rotateKeys(
        uint64 logId,
        bytes32 checkpoint,
        bytes32 receipt
    ) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        Log storage log = _liveLog(logId);
        _setKeys(log, checkpoint, receipt);
        emit KeysRotated(logId, checkpoint, receipt);
    }

    /// @inheritdoc IAnchorRegistry
    function freeze(uint64 logId) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        _liveLog(logId).frozen = true;
        emit LogFrozen(logId);
    }

    /// @inheritdoc IAnchorRegistry
    function pause() external override onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @inheritdoc IAnchorRegistry
    function unpause() external override onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @inheritdoc IAnchorRegistry
    function logState(uint64 logId) external view override returns (LogState memory) {
        Log storage log = _log(logId);
        return
            LogState({
                anchorer: log.anchorer,
                maxGrowth: log.maxGrowth,
                frozen: log.frozen,
                predecessor: log.predecessor,
                predecessorAnchor: log.predecessorAnchor,
                successor: log.successor
            });
    }

    /// @inheritdoc IAnchorRegistry
    function head(uint64 logId) external view override returns (Anchor memory) {
        Log storage log = _log(logId);
        return log.anchors[log.anchorCount];
    }

    /// @inheritdoc IAnchorRegistry
    function anchorCount(uint64 logId) external view override returns (uint256) {
        return _log(logId).anchorCount;
    }

    /// @inheritdoc IAnchorRegistry
    function anchorAt(uint64 logId, uint256 anchorIndex) external view override returns (Anchor memory) {
        return _anchorAt(logId, anchorIndex);
    }

    /// @inheritdoc IAnchorRegistry
    function anchorOfSize(
        uint64 logId,
        uint64 size
    ) external view override returns (bool found, Anchor memory firstAnchor) {
        (found, firstAnchor) = _firstAnchorOfAtLeast(_log(logId), size, false);
        if (found && firstAnchor.size != size) {
            found = false;
            delete firstAnchor;
        }
    }

    /// @inheritdoc IAnchorRegistry
    function anchorCovering(
        uint64 logId,
        uint64 index
    ) external view override returns (bool found, Anchor memory firstAnchor) {
        return _firstAnchorOfAtLeast(_log(logId), uint256(index) + 1, false);
    }

    /// @inheritdoc IAnchorRegistry
    function anchorIndexing(
        uint64 logId,
        uint64 index
    ) external view override returns (bool found, Anchor memory firstAnchor) {
        return _firstAnchorOfAtLeast(_log(logId), uint256(index) + 1, true);
    }

    /// @inheritdoc IAnchorRegistry
    function logKeysAt(uint64 logId, uint64 blockNumber) external view override returns (LogKeys memory) {
        Log storage log = _log(logId);
        if (blockNumber > block.number) revert FutureBlock(blockNumber);
        // Searched by halves: an administrator could rotate until a walk from the newest no longer fits into
        // a call, and leave what was anchored before without a key to verify it.
        uint256 low = 0;
        uint256 high = log.keyVersions.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (log.keyVersions[middle].fromBlock <= blockNumber) low = middle + 1;
            else high = middle;
        }
        if (low == 0) revert NoKeysYet(logId, blockNumber);
        KeyVersion storage version = log.keyVersions[low - 1];
        return LogKeys({checkpoint: version.checkpoint, receipt: version.receipt, vrf: log.vrf});
    }

    /// @inheritdoc IAnchorRegistry
    function keyVersions(uint64 logId) external view override returns (KeyVersion[] memory) {
        return _log(logId).keyVersions;
    }

    /// @inheritdoc IAnchorRegistry
    function verifyInclusion(
        uint64 logId,
        uint256 anchorIndex,
        bytes32 leafHash,
        uint64 index,
        bytes32[] calldata proof
    ) external view override returns (bool) {
        Anchor memory chosen = _anchorAt(logId, anchorIndex);
        return MerkleLog.verifyInclusion(index, chosen.size, leafHash, chosen.root, proof);
    }

    function _createLog(
        address anchorer,
        LogKeys calldata keys,
        uint64 maxGrowth
    ) private returns (uint64 logId) {
        if (anchorer == address(0)) revert ZeroAddress();
        logId = ++logCount;
        Log storage log = _logs[logId];
        log.anchorer = anchorer;
        _setMaxGrowth(log, maxGrowth);
        if (keys.vrf == 0) revert InvalidKeys();
        log.vrf = keys.vrf;
        _setKeys(log, keys.checkpoint, keys.receipt);
        emit LogCreated(logId, anchorer, keys, maxGrowth);
    }

    function _setMaxGrowth(Log storage log, uint64 maxGrowth) private {
        if (maxGrowth == 0 || maxGrowth > type(uint48).max) revert InvalidMaxGrowth(maxGrowth);
        log.maxGrowth = uint48(maxGrowth);
    }

    /// @dev One key for two purposes would let a signature made for one be shown as the other.
    function _setKeys(Log storage log, bytes32 checkpoint, bytes32 receipt) private {
        bytes32 vrf = log.vrf;
        if (checkpoint == 0 || receipt == 0) revert InvalidKeys();
        if (checkpoint == receipt || checkpoint == vrf || receipt == vrf) revert InvalidKeys();
        log.keyVersions.push(KeyVersion(uint64(block.number), checkpoint, receipt));
    }

    function _append(
        uint64 logId,
        Log storage log,
        uint64 size,
        bytes32 root,
        uint64 indexSize,
        bytes32 indexRoot
    ) private {
        Anchor storage added = log.anchors[++log.anchorCount];
        (added.size, added.indexSize) = (size, indexSize);
        (added.blockNumber, added.time) = (uint64(block.number), uint64(block.timestamp));
        added.root = root;
        if (indexRoot != 0) added.indexRoot = indexRoot;
        emit Anchored(logId, size, root, indexSize, indexRoot);
    }

    /// @dev The rules the index fields of an anchor obey, whatever the log itself does.
    function _requireIndexRules(
        Anchor storage last,
        uint64 headIndexSize,
        uint64 newSize,
        uint64 indexSize,
        bytes32 indexRoot
    ) private view {
        if (indexSize < headIndexSize) revert IndexShrinks(headIndexSize, indexSize);
        if (indexSize > newSize) revert IndexBeyondLog(newSize, indexSize);
        // At index size 0 the root is zero by this very rule, so the stored one need not be read.
        bytes32 headIndexRoot = headIndexSize == 0 ? bytes32(0) : last.indexRoot;
        if (indexSize == headIndexSize && indexRoot != headIndexRoot) revert IndexRootChanged();
    }

    function _log(uint64 logId) private view returns (Log storage log) {
        log = _logs[logId];
        if (log.anchorer == address(0)) revert UnknownLog(logId);
    }

    function _liveLog(uint64 logId) private view returns (Log storage log) {
        log = _log(logId);
        if (log.frozen) revert LogIsFrozen(logId);
    }

    function _anchorAt(uint64 logId, uint256 anchorIndex) private view returns (Anchor memory) {
        Log storage log = _log(logId);
        if (anchorIndex >= log.anchorCount) revert UnknownAnchor(logId, anchorIndex);
        return log.anchors[anchorIndex + 1];
    }

    /// @dev Binary search: neither the sizes nor the index sizes ever decrease along the history.
    function _firstAnchorOfAtLeast(
        Log storage log,
        uint256 size,
        bool ofIndex
    ) private view returns (bool found, Anchor memory first) {
        uint256 count = log.anchorCount;
        uint256 low = 1;
        uint256 high = count + 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            Anchor storage anchored = log.anchors[middle];
            if ((ofIndex ? anchored.indexSize : anchored.size) < size) low = middle + 1;
            else high = middle;
        }
        if (low <= count) return (true, log.anchors[low]);
    }
}
