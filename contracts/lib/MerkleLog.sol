// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title RFC 9162 Merkle tree arithmetic
 * @notice Checks inclusion proofs (section 2.1.3.2) and consistency proofs (section 2.1.4.2) of an RFC 6962
 * tree with the SHA-256 precompile. The functions answer true or false for whatever sizes and proofs they are
 * given; they revert only when the gas is used up or the chain has no SHA-256 precompile.
 */
library MerkleLog {
    /// @notice Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1).
    bytes32 internal constant EMPTY_ROOT = sha256("");

    /// @notice The chain has no SHA-256 precompile at address 2, or the call to it ran out of gas.
    error Sha256Failed();

    /**
     * @notice Whether the tree of `newSize` leaves under `newRoot` starts with the `oldSize` leaves under
     * `oldRoot`.
     * @dev RFC 9162 fails on an empty path. The two cases it leaves out are decided here: equal sizes are
     * consistent exactly when the roots are equal and the proof is empty; every tree extends the empty one,
     * whose root must be `EMPTY_ROOT`, with an empty proof.
     */
    function verifyConsistency(
        uint64 oldSize,
        uint64 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (oldSize > newSize) return false;
        if (oldSize == 0 && oldRoot != EMPTY_ROOT) return false;
        if (oldSize == newSize) return proof.length == 0 && oldRoot == newRoot;
        if (oldSize == 0) return proof.length == 0;
        return _verifyGrowth(oldSize, newSize, oldRoot, newRoot, proof);
    }

    /// @notice Whether `leafHash` stands at `index` in the tree of `size` leaves under `root` (RFC 9162
    /// section 2.1.3.2).
    function verifyInclusion(
        uint64 index,
        uint64 size,
        bytes32 leafHash,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (index >= size) return false;
        // The size is 1 or more here, and everything below only shifts to the right and counts to the proof's
        // length.
        unchecked {
            uint256 fn = index;
            uint256 sn = size - 1;
            bytes32 r = leafHash;
            uint256 buffer = _nodeBuffer();
            uint256 next = 0;
            for (; fn != sn; (fn, sn) = (fn >> 1, sn >> 1)) {
                if (next == proof.length) return false;
                bytes32 node = proof[next++];
                r = fn & 1 == 1 ? _nodeHash(buffer, node, r) : _nodeHash(buffer, r, node);
            }
            for (; sn != 0; sn >>= 1) {
                if (sn & 1 == 0) continue;
                if (next == proof.length) return false;
                r = _nodeHash(buffer, proof[next++], r);
            }
            return next == proof.length && r == root;
        }
    }

    /// @notice SHA-256(0x01 || left || right), the inner node of RFC 9162 section 2.1.1.
    function nodeHash(bytes32 left, bytes32 right) internal view returns (bytes32) {
        return _nodeHash(_nodeBuffer(), left, right);
    }

    /// @dev RFC 9162 section 2.1.4.2 for 0 < oldSize < newSize.
    function _verifyGrowth(
        uint64 oldSize,
        uint64 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) private view returns (bool) {
        // Sizes are 1 or more here and everything below only shifts to the right and counts to the proof's
        // length.
        unchecked {
            uint256 fn = oldSize - 1;
            uint256 sn = newSize - 1;
            while (fn & 1 == 1) {
                fn >>= 1;
                sn >>= 1;
            }
            // fn is 0 here exactly when oldSize is a power of two: the old tree is then itself the first node
            // of the path.
            uint256 next = 0;
            bytes32 fr = oldRoot;
            if (fn != 0) {
                if (proof.length == 0) return false;
                fr = proof[next++];
            }
            bytes32 sr = fr;
            uint256 buffer = _nodeBuffer();
            // Up to where the paths of the two last leaves meet; from there on, every step to the left is in
            // both trees.
            for (; fn != sn; (fn, sn) = (fn >> 1, sn >> 1)) {
                if (next == proof.length) return false;
                bytes32 node = proof[next++];
                if (fn & 1 == 1) {
                    fr = _nodeHash(buffer, node, fr);
                    sr = _nodeHash(buffer, node, sr);
                } else {
                    sr = _nodeHash(buffer, sr, node);
                }
            }
            for (; sn != 0; sn >>= 1) {
                if (sn & 1 == 0) continue;
                if (next == proof.length) return false;
                bytes32 node = proof[next++];
                fr = _nodeHash(buffer, node, fr);
                sr = _nodeHash(buffer, node, sr);
            }
            return next == proof.length && fr == oldRoot && sr == newRoot;
        }
    }

    /// @dev The node over two hashes; `buffer` is one of `_nodeBuffer`.
    // slither-disable-next-line assembly
    function _nodeHash(uint256 buffer, bytes32 left, bytes32 right) private view returns (bytes32 hash) {
        bytes4 failed = Sha256Failed.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(buffer, 1), left)
            mstore(add(buffer, 33), right)
            let done := staticcall(gas(), 2, buffer, 65, 0, 32)
            // A call to an address without code succeeds as well, and returns nothing.
            if iszero(and(done, eq(returndatasize(), 32))) {
                mstore(0, failed)
                revert(0, 4)
            }
            hash := mload(0)
        }
    }

    /**
     * @dev Memory for the 65 bytes that make a node, 0x01 written already. `sha256(abi.encodePacked(...))`
     * would allocate and write it anew for every one of up to a hundred nodes.
     */
    // slither-disable-next-line assembly
    function _nodeBuffer() private pure returns (uint256 buffer) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            buffer := mload(0x40)
            mstore(0x40, add(buffer, 96))
            mstore8(buffer, 1)
        }
    }
}
