// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IAgencyRegistry} from "./IAgencyRegistry.sol";
import {IAnchorRegistry} from "./IAnchorRegistry.sol";

/**
 * @title Registry of agencies, their recorders and their keys
 * @notice See {IAgencyRegistry}. There is no proxy and no upgrade: evidence is judged by this history for
 * ever.
 */
contract AgencyRegistry is IAgencyRegistry, AccessControlDefaultAdminRules {
    struct AgencyRecord {
        string name;
        address account;
        EntitlementChange[] entitlements;
        LogAssignment[] logs;
        bytes32[] recorders;
        mapping(bytes32 recorder => RecorderKey[] keys) keysOf;
    }

    /// @notice May admit and suspend agencies and revoke any recorder's key.
    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR_ROLE");

    /// @notice Entitlement: its events count as evidence.
    uint8 public constant RECORD = 1;
    /// @notice Entitlement: may delay the disclosure of events.
    uint8 public constant SEAL = 2;
    /// @notice Entitlement: may have personal data erased.
    uint8 public constant ERASE = 4;
    /// @notice Entitlement: may say who acts for whom, and which numbers are one person's.
    uint8 public constant MANDATE = 8;

    uint8 private constant ALL_ENTITLEMENTS = RECORD | SEAL | ERASE | MANDATE;
    uint8 private constant ALG_EDDSA = 1;
    uint8 private constant ALG_ES256 = 2;
    uint256 private constant MAX_NAME_BYTES = 256;
    uint256 private constant MAX_SLUG_BYTES = 31;

    /// @inheritdoc IAgencyRegistry
    address public override anchorRegistry;

    bytes32[] private _codes;
    mapping(bytes32 code => AgencyRecord agency) private _agencies;

    /**
     * @notice Deploys an empty registry.
     * @param adminDelay seconds a change of administrator must wait (OpenZeppelin
     * AccessControlDefaultAdminRules)
     * @param admin administrator, and first registrar
     */
    constructor(uint48 adminDelay, address admin) AccessControlDefaultAdminRules(adminDelay, admin) {
        _grantRole(REGISTRAR_ROLE, admin);
    }

    /// @inheritdoc IAgencyRegistry
    function admitAgency(
        bytes32 agency,
        string calldata name,
        address account,
        uint8 entitlements
    ) external override onlyRole(REGISTRAR_ROLE) {
        _requireSlug(agency);
        if (_isKnown(agency)) revert AgencyExists(agency);
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME_BYTES) revert InvalidName();
        if (account == address(0)) revert ZeroAddress();
        _requireKnownEntitlements(entitlements);
        AgencyRecord storage record = _agencies[agency];
        record.name = name;
        record.account = account;
        record.entitlements.push(EntitlementChange(uint64(block.number), entitlements));
        _codes.push(agency);
        emit AgencyAdmitted(agency, name, account, entitlements);
    }

    /// @inheritdoc IAgencyRegistry
    function setEntitlements(bytes32 agency, uint8 entitlements) external override onlyRole(REGISTRAR_ROLE) {
        AgencyRecord storage record = _agency(agency);
        _requireKnownEntitlements(entitlements);
        if (_present(record) == entitlements) revert EntitlementsUnchanged(agency, entitlements);
        record.entitlements.push(EntitlementChange(uint64(block.number), entitlements));
        emit EntitlementsChanged(agency, entitlements);
    }

    /// @inheritdoc IAgencyRegistry
    function setAgencyAccount(bytes32 agency, address account) external override onlyRole(REGISTRAR_ROLE) {
        AgencyRecord storage record = _agency(agency);
        if (account == address(0)) revert ZeroAddress();
        record.account = account;
        emit AgencyAccountChanged(agency, account);
    }

    /// @inheritdoc IAgencyRegistry
    function addRecorderKey(
        bytes32 agency,
        bytes32 recorder,
        uint8 alg,
        bytes calldata key,
        uint64 fromSeq
    ) external override {
        AgencyRecord storage record = _agency(agency);
        if (record.account != msg.sender) revert NotAgencyAccount(agency, msg.sender);
        _requireSlug(recorder);
        _requireKey(alg, key);
        RecorderKey[] storage keys = record.keysOf[recorder];
        uint256 count = keys.length;
        if (count == 0) record.recorders.push(recorder);
        else if (fromSeq <= keys[count - 1].fromSeq) revert SeqReachesBack(keys[count - 1].fromSeq, fromSeq);
        keys.push(
            RecorderKey({
                alg: alg,
                fromSeq: fromSeq,
                addedBlock: uint64(block.number),
                revokedBlock: 0,
                key: key
            })
        );
        emit RecorderKeyAdded(agency, recorder, count, alg, fromSeq, key);
    }

    /// @inheritdoc IAgencyRegistry
    function revokeRecorderKey(
        bytes32 agency,
        bytes32 recorder,
        uint256 keyIndex,
        uint64 fromBlock
    ) external override {
        AgencyRecord storage record = _agency(agency);
        if (record.account != msg.sender && !hasRole(REGISTRAR_ROLE, msg.sender)) {
            revert NotAgencyAccount(agency, msg.sender);
        }
        RecorderKey[] storage keys = record.keysOf[recorder];
        if (keyIndex >= keys.length) revert UnknownRecorderKey(agency, recorder, keyIndex);
        if (fromBlock < block.number) revert BlockReachesBack(fromBlock);
        uint64 revokedBlock = keys[keyIndex].revokedBlock;
        if (revokedBlock != 0 && revokedBlock <= fromBlock) revert AlreadyRevoked(revokedBlock);
        keys[keyIndex].revokedBlock = fromBlock;
        emit RecorderKeyRevoked(agency, recorder, keyIndex, fromBlock);
    }

    /// @inheritdoc IAgencyRegistry
    function nameAnchorRegistry(address anchorRegistry_) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        if (anchorRegistry != address(0)) revert AnchorRegistryFixed(anchorRegistry);
        if (anchorRegistry_.code.length == 0) revert NoContract(anchorRegistry_);
        try IAnchorRegistry(anchorRegistry_).logCount() returns (uint64) {
            anchorRegistry = anchorRegistry_;
            emit AnchorRegistryNamed(anchorRegistry_);
        } catch {
            revert NotAnchorRegistry(anchorRegistry_);
        }
    }

    /// @inheritdoc IAgencyRegistry
    function assignLog(bytes32 agency, uint64 logId) external override onlyRole(REGISTRAR_ROLE) {
        AgencyRecord storage record = _agency(agency);
        if (anchorRegistry == address(0)) revert NoAnchorRegistry();
        if (logId == 0 || logId > IAnchorRegistry(anchorRegistry).logCount()) revert UnknownLog(logId);
        uint256 count = record.logs.length;
        if (count > 0 && record.logs[count - 1].logId == logId) revert LogUnchanged(agency, logId);
        record.logs.push(LogAssignment(uint64(block.number), logId));
        emit LogAssigned(agency, logId);
    }

    /// @inheritdoc IAgencyRegistry
    function agencyCount() external view override returns (uint256) {
        return _codes.length;
    }

    /// @inheritdoc IAgencyRegistry
    function agencyCodeAt(uint256 position) external view override returns (bytes32) {
        return _codes[position];
    }

    /// @inheritdoc IAgencyRegistry
    function agencyOf(bytes32 agency) external view override returns (Agency memory) {
        AgencyRecord storage record = _agency(agency);
        return
            Agency({
                name: record.name,
                account: record.account,
                admittedBlock: record.entitlements[0].fromBlock,
                entitlements: _present(record)
            });
    }

    /// @inheritdoc IAgencyRegistry
    function entitlementsAt(bytes32 agency, uint64 blockNumber) external view override returns (uint8) {
        _requirePast(blockNumber);
        EntitlementChange[] storage changes = _agencies[agency].entitlements;
        // Searched by halves: a registrar could suspend and reinstate until a walk from the newest no longer
        // fits into a call, and leave an agency's older evidence without an answer.
        uint256 low = 0;
        uint256 high = changes.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (changes[middle].fromBlock <= blockNumber) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : changes[low - 1].entitlements;
    }

    /// @inheritdoc IAgencyRegistry
    function entitlementHistory(bytes32 agency) external view override returns (EntitlementChange[] memory) {
        return _agencies[agency].entitlements;
    }

    /// @inheritdoc IAgencyRegistry
    function logOfAt(bytes32 agency, uint64 blockNumber) external view override returns (uint64) {
        _requirePast(blockNumber);
        LogAssignment[] storage assignments = _agencies[agency].logs;
        uint256 low = 0;
        uint256 high = assignments.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (assignments[middle].fromBlock <= blockNumber) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : assignments[low - 1].logId;
    }

    /// @inheritdoc IAgencyRegistry
    function logHistory(bytes32 agency) external view override returns (LogAssignment[] memory) {
        return _agencies[agency].logs;
    }

    /// @inheritdoc IAgencyRegistry
    function recordersOf(bytes32 agency) external view override returns (bytes32[] memory) {
        return _agencies[agency].recorders;
    }

    /// @inheritdoc IAgencyRegistry
    function recorderKeys(
        bytes32 agency,
        bytes32 recorder
    ) external view override returns (RecorderKey[] memory) {
        return _agencies[agency].keysOf[recorder];
    }

    /// @inheritdoc IAgencyRegistry
    function recorderKeyAt(
        bytes32 agency,
        bytes32 recorder,
        uint64 seq,
        uint64 blockNumber
    ) external view override returns (bool found, RecorderKey memory recorderKey) {
        _requirePast(blockNumber);
        RecorderKey[] storage keys = _agencies[agency].keysOf[recorder];
        // Both fromSeq and addedBlock grow along the list, so the keys that count are a prefix of it.
        // Searched by halves, because an agency could add keys until a walk through them no longer fits into
        // a call, and disown its evidence so.
        uint256 low = 0;
        uint256 high = keys.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            RecorderKey storage candidate = keys[middle];
            if (candidate.fromSeq <= seq && candidate.addedBlock <= blockNumber) low = middle + 1;
            else high = middle;
        }
        if (low > 0) return (true, keys[low - 1]);
    }

    function _isKnown(bytes32 agency) private view returns (bool) {
        return _agencies[agency].account != address(0);
    }

    function _agency(bytes32 agency) private view returns (AgencyRecord storage) {
        if (!_isKnown(agency)) revert UnknownAgency(agency);
        return _agencies[agency];
    }

    function _present(AgencyRecord storage record) private view returns (uint8) {
        return record.entitlements[record.entitlements.length - 1].entitlements;
    }

    function _requirePast(uint64 blockNumber) private view {
        if (blockNumber > block.number) revert FutureBlock(blockNumber);
    }

    function _requireKnownEntitlements(uint8 entitlements) private pure {
        if (entitlements & ~ALL_ENTITLEMENTS != 0) revert UnknownEntitlements(entitlements);
    }

    /// @dev Form only: whether the bytes are a safe point of the curve is for those who verify signatures
    /// with them.
    function _requireKey(uint8 alg, bytes calldata key) private pure {
        if (alg == ALG_EDDSA && key.length == 32) return;
        if (alg == ALG_ES256 && key.length == 65 && key[0] == 0x04) return;
        revert InvalidKey(alg, key.length);
    }

    function _requireSlug(bytes32 value) private pure {
        uint256 length = 0;
        while (length < 32 && value[length] != 0) {
            bytes1 c = value[length];
            bool letterOrDigit = (c >= "a" && c <= "z") || (c >= "0" && c <= "9");
            if (!letterOrDigit && c != "-") revert InvalidSlug(value);
            ++length;
        }
        if (length == 0 || length > MAX_SLUG_BYTES) revert InvalidSlug(value);
        if (value[0] == "-" || value[length - 1] == "-") revert InvalidSlug(value);
        // Whatever follows the first zero byte must be zero too, or two values would read as one name.
        if (value << (length * 8) != 0) revert InvalidSlug(value);
    }
}
