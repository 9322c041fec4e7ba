/** What the ledger itself and its procedures are called; they stand in no catalogue. */
export const names = {
  desk: "Bàn tiếp nhận của sổ ghi",
  "qn-operator": "Đơn vị vận hành sổ ghi",
  "qn-inspectorate": "Thanh tra tỉnh",
  "minhbach-inspection": "Thanh tra xem xét",
  "minhbach-data-protection": "Cán bộ bảo vệ dữ liệu xem xét",
  "minhbach-operation": "Vận hành sổ ghi",
  "minhbach-LedgerRecord": "Dòng ghi trong sổ này",
  schemes: {
    "vn-cccd": "căn cước",
    "vn-cmnd": "chứng minh nhân dân",
    "vn-passport": "hộ chiếu",
    passport: "hộ chiếu nước ngoài",
    "vn-newborn": "số giấy chứng sinh",
  },
};
