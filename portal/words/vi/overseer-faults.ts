/** What may go wrong for those who oversee; it stands among the other faults once their pages are loaded. */
export const overseerFaults = {
  "unknown-complaint": {
    title: "Không có khiếu nại này",
    advice: "Địa chỉ có thể bị gõ sai, hoặc khiếu nại này không phải để bạn xem.",
  },
  "unknown-finding": {
    title: "Không có phát hiện này",
    advice: "Địa chỉ có thể bị gõ sai, hoặc phát hiện này không thuộc cơ quan bạn.",
  },
  "finding-state": {
    title: "Không làm được nữa",
    advice: "Có người vừa nói gì đó về phát hiện này. Hãy tải lại trang và đọc lại.",
  },
  "unknown-queue": { title: "Không có hàng đợi này", advice: "Địa chỉ có thể bị gõ sai." },
  "unknown-event": { title: "Sổ không có mục này", advice: "Hãy xem lại vị trí trong sổ." },
  "unknown-seal": {
    title: "Lệnh này không đổi được ở đây",
    advice: "Lệnh do máy ghi của một cơ quan ghi thì chính cơ quan đó gia hạn hoặc mở.",
  },
  "seal-state": {
    title: "Lệnh này không còn giữ kín gì",
    advice: "Lệnh đã hết hạn hoặc đã được mở. Nếu cần, hãy ra lệnh mới.",
  },
  "not-sealable": {
    title: "Có mục không niêm phong được",
    advice: "Chỉ niêm phong được những mục về người, trừ giấy tờ đại diện và những mục đã xóa.",
  },
};
