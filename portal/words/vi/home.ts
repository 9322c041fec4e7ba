export const home = {
  title: "Bạn có quyền biết ai đã dùng dữ liệu của mình",
  lead: "Mỗi lần một cơ quan nhà nước xem dữ liệu của bạn ở cơ quan khác, hoặc tự làm một việc cho bạn, việc đó được ghi vào một cuốn sổ không ai sửa được. Ở đây bạn đọc cuốn sổ ấy.",
  see: {
    title: "Xem ai đã dùng",
    text: "Cơ quan nào, lúc nào, loại dữ liệu gì, để làm gì, theo điều luật nào, và có được phép hay không.",
  },
  check: {
    title: "Biết chắc là đủ",
    text: "Trình duyệt của bạn tự tính lại và so với <chain>chuỗi khối</chain>. Thiếu một mục hay sửa một chữ là lộ ra ngay.",
  },
  act: {
    title: "Lên tiếng",
    text: "Rút lại <consent>sự đồng ý</consent> bằng hai lần chạm, khiếu nại ngay từ một mục, và theo dõi thời hạn trả lời.",
  },
  anybody: "Không cần đăng nhập cũng kiểm tra được",
  anybodyText:
    "Bạn có tệp <statement>bản kê</statement> hoặc <evidence>bằng chứng</evidence>? Trang Tự kiểm tra đọc tệp ngay trên máy bạn, không gửi đi đâu.",
  toVerify: "Mở trang Tự kiểm tra",
  otherRole:
    "Bạn đang đăng nhập với vai trò {{role}}. Các trang dành cho công dân không áp dụng cho vai trò này.",
};
