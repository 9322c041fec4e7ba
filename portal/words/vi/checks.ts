/** Each check in plain words, by the verifier's stable ids: what is said of every kind of file, of a statement, and of one's own. Those of other files are in `verify-checks.ts`. */
export const checks = {
  status: {
    passed: "Đạt",
    warning: "Đạt, cần lưu ý",
    failed: "Không đạt",
    "not-checked": "Chưa kiểm tra được",
  },
  detail: "Chi tiết kỹ thuật (tiếng Anh):",
  any: {
    chain: { title: "Đúng chuỗi khối", meaning: "Máy được hỏi đang giữ đúng chuỗi khối đã biết." },
    registries: {
      title: "Cuốn sổ có chỗ trên chuỗi khối",
      meaning: "Hai chương trình giữ dấu chốt và danh sách cơ quan có trên chuỗi khối.",
    },
    finality: {
      title: "Không thể bị rút lại",
      meaning: "<anchor>Lần chốt</anchor> đó đã được các máy của chuỗi khối xác nhận hẳn.",
    },
    "log-since": { title: "Cuốn sổ vẫn đang chạy", meaning: "Sổ không bị đóng băng hay thay bằng sổ khác." },
  },
  statement: {
    format: { title: "Tệp đúng là một bản kê", meaning: "Tệp đọc được và theo đúng mẫu." },
    log: { title: "Đúng cuốn sổ", meaning: "Bản kê là của cuốn sổ bạn tin, không phải của sổ khác." },
    anchor: {
      title: "Đã được chốt",
      meaning: "Chuỗi khối giữ đúng con số của cuốn sổ vào lúc bản kê được lập.",
    },
    entry: {
      title: "Không thiếu, không thêm, không sửa",
      meaning: "Các mục nhận được chính là những mục mà mục lục đã chốt.",
    },
    order: { title: "Đúng thứ tự", meaning: "Mỗi mục có một lần, theo thứ tự trong sổ." },
    closures: {
      title: "Phần không hiện là do lệnh hợp lệ",
      meaning: "Mỗi mục bị <sealed>niêm phong</sealed> hay xóa đều có lệnh của nơi có quyền.",
    },
    continues: { title: "Có từ mục đầu tiên", meaning: "Không phần nào trước đó bị bỏ ra." },
    freshness: { title: "Còn mới", meaning: "Bản kê được chốt gần đây." },
  },
  own: {
    about: { title: "Đúng người", meaning: "Bản kê là của bạn, không phải của người khác." },
    vrf: {
      title: "Tra đúng chỗ của bạn",
      meaning: "Máy chủ không thể đưa cho bạn danh sách trống của người khác.",
    },
    index: {
      title: "Mục lục khớp",
      meaning:
        "<index>Mục lục</index> cho biết mục nào là của ai. Mục lục đã chốt ghi đúng số mục này của bạn.",
    },
    entries: {
      title: "Mục nào cũng là của bạn",
      meaning: "Mỗi mục cho thấy vì sao nó ở trong danh sách của bạn.",
    },
    linked: {
      title: "Đủ các số giấy tờ của bạn",
      meaning: "Nếu bạn từng có số khác, danh sách của số đó cũng ở đây.",
    },
  },
  others: {
    about: { title: "Đúng người", meaning: "Bản kê là của người bạn đang xem, không phải của người khác." },
    vrf: {
      title: "Tra đúng chỗ của người này",
      meaning: "Máy chủ không thể đưa cho bạn danh sách trống của người khác.",
    },
    index: {
      title: "Mục lục khớp",
      meaning:
        "<index>Mục lục</index> cho biết mục nào là của ai. Mục lục đã chốt ghi đúng số mục này của người này.",
    },
    entries: {
      title: "Mục nào cũng là của người này",
      meaning: "Mỗi mục cho thấy vì sao nó ở trong danh sách của họ.",
    },
    linked: {
      title: "Đủ các số giấy tờ của người này",
      meaning: "Nếu họ từng có số khác, danh sách của số đó cũng ở đây.",
    },
  },
};
