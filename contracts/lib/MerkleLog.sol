// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title RFC 9162 Merkle tree arithmetic
 * @notice Checks inclusion proofs (section 2.1.3.2) and consistency proofs (section 2.1.4.2) of an RFC 6962 tree with the
 * SHA-256 precompile. The functions answer true or false for whatever sizes and proofs they are given; they revert only when
 * the gas is used up or the chain has no SHA-256 precompile.
 */
library MerkleLog {
    /// @notice Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1).
    bytes32 internal constant EMPTY_ROOT = sha256("");

    /// @notice The chain has no SHA-256 precompile at address 2, or the call to it ran out of gas.
    error Sha256Failed();

    /**
     * @notice Whether the tree of `newSize` leaves under `newRoot` starts with the `oldSize` leaves under `oldRoot`.
     * @dev RFC 9162 fails on an empty path. The two cases it leaves out are decided here: equal sizes are consistent exactly
     * when the roots are equal and the proof is empty; every tree extends the empty one, whose root must be `EMPTY_ROOT`, with
     * an empty proof.
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

        uint256 fn = oldSize - 1;
        uint256 sn = newSize - 1;
        while (fn & 1 == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        // fn is 0 here exactly when oldSize is a power of two: the old tree is then itself the first node of the path.
        uint256 next = 0;
        bytes32 fr = oldRoot;
        if (fn != 0) {
            if (proof.length == 0) return false;
            fr = proof[next++];
        }
        bytes32 sr = fr;
        while (next < proof.length) {
            if (sn == 0) return false;
            bytes32 node = proof[next++];
            if (fn & 1 == 1 || fn == sn) {
                // While the path has not left the old tree both hashes are the same: one call to the precompile serves both.
                bool same = fr == sr;
                fr = nodeHash(node, fr);
                sr = same ? fr : nodeHash(node, sr);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                sr = nodeHash(sr, node);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && fr == oldRoot && sr == newRoot;
    }

    /// @notice Whether `leafHash` stands at `index` in the tree of `size` leaves under `root` (RFC 9162 section 2.1.3.2).
    function verifyInclusion(
        uint64 index,
        uint64 size,
        bytes32 leafHash,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (index >= size) return false;
        uint256 fn = index;
        uint256 sn = size - 1;
        bytes32 r = leafHash;
        for (uint256 i = 0; i < proof.length; ++i) {
            if (sn == 0) return false;
            if (fn & 1 == 1 || fn == sn) {
                r = nodeHash(proof[i], r);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                r = nodeHash(r, proof[i]);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && r == root;
    }

    /**
     * @notice SHA-256(0x01 || left || right), the inner node of RFC 9162 section 2.1.1.
     * @dev `sha256(abi.encodePacked(...))` allocates memory at every call, a proof makes up to a hundred of them; this writes the
     * 65 bytes behind the free memory pointer without moving it.
     */
    function nodeHash(bytes32 left, bytes32 right) internal view returns (bytes32 hash) {
        bool done;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore8(input, 1)
            mstore(add(input, 1), left)
            mstore(add(input, 33), right)
            done := staticcall(gas(), 2, input, 65, 0, 32)
            // A call to an address without code succeeds as well, and returns nothing.
            done := and(done, eq(returndatasize(), 32))
            hash := mload(0)
        }
        if (!done) revert Sha256Failed();
    }
}
