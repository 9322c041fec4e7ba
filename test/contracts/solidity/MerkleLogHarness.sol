// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleLog} from "../../../contracts/lib/MerkleLog.sol";

/// @notice Makes the library's functions callable for the tests, many calls at a time.
contract MerkleLogHarness {
    struct Consistency {
        uint64 oldSize;
        uint64 newSize;
        bytes32 oldRoot;
        bytes32 newRoot;
        bytes32[] proof;
    }

    struct Inclusion {
        uint64 index;
        uint64 size;
        bytes32 leafHash;
        bytes32 root;
        bytes32[] proof;
    }

    function consistent(Consistency[] calldata cases) external view returns (bool[] memory answers) {
        answers = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Consistency calldata c = cases[i];
            answers[i] = MerkleLog.verifyConsistency(c.oldSize, c.newSize, c.oldRoot, c.newRoot, c.proof);
        }
    }

    function included(Inclusion[] calldata cases) external view returns (bool[] memory answers) {
        answers = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Inclusion calldata c = cases[i];
            answers[i] = MerkleLog.verifyInclusion(c.index, c.size, c.leafHash, c.root, c.proof);
        }
    }

    function nodeHash(bytes32 left, bytes32 right) external view returns (bytes32) {
        return MerkleLog.nodeHash(left, right);
    }
}
