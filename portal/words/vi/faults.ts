/** What went wrong, and what the person can do. */
export const faults = {
  technical: "Chi tiết kỹ thuật:",
  broken: {
    title: "Trang này gặp lỗi",
    advice: "Đây là lỗi của chúng tôi. Hãy tải lại trang; nếu vẫn lỗi, xin báo cho đơn vị vận hành.",
  },
  offline: { title: "Thiết bị đang mất mạng", advice: "Hãy kiểm tra kết nối mạng rồi thử lại." },
  unreachable: {
    title: "Máy chủ không trả lời",
    advice: "Có thể máy chủ đang bận hoặc mạng bị gián đoạn. Hãy thử lại sau ít phút.",
  },
  "part-not-loaded": {
    title: "Chưa tải được phần này của trang",
    advice:
      "Những gì bạn đã gõ vẫn còn. Hãy bấm lại; nếu vẫn không được, hãy chép lại chúng rồi tải lại trang.",
  },
  "not-understood": {
    title: "Không hiểu được câu trả lời của máy chủ",
    advice: "Trang bạn đang mở có thể đã cũ. Hãy tải lại trang.",
  },
  signedOut: { title: "Phiên đăng nhập đã kết thúc", advice: "Hãy đăng nhập lại để xem tiếp." },
  unauthenticated: { title: "Bạn chưa đăng nhập", advice: "Hãy đăng nhập để xem." },
  forbidden: { title: "Bạn không được xem mục này", advice: "Mục này dành cho vai trò khác." },
  "no-mandate": {
    title: "Bạn không đại diện cho người này",
    advice: "Hiện không có giấy tờ nào còn hiệu lực cho phép bạn xem dữ liệu của người này.",
  },
  "not-found": { title: "Không tìm thấy", advice: "Mục này không tồn tại, hoặc bạn không được xem." },
  "statement-not-ready": {
    title: "Bản kê chưa sẵn sàng",
    advice: "Sổ ghi vừa khởi động và chưa chốt lên chuỗi khối lần nào. Hãy thử lại sau một phút.",
  },
  overloaded: {
    title: "Máy chủ đang rất bận",
    advice: "Có quá nhiều bản kê đang được tải. Hãy thử lại sau ít phút.",
  },
  starting: { title: "Máy chủ đang khởi động", advice: "Hãy thử lại sau một phút." },
  "consent-not-needed": {
    title: "Việc này không cần bạn đồng ý",
    advice: "Luật đã cho phép cơ quan làm việc này, nên không có gì để đồng ý hay từ chối.",
  },
  "consent-exists": { title: "Đã có sự đồng ý này", advice: "Hãy xem trong danh sách." },
  "consent-state": {
    title: "Không làm được nữa",
    advice: "Sự đồng ý này đã thay đổi trong lúc bạn xem. Hãy tải lại danh sách.",
  },
  "catalogue-changed": {
    title: "Quy định vừa thay đổi",
    advice: "Danh mục thủ tục có phiên bản mới. Hãy tải lại trang rồi đọc lại trước khi đồng ý.",
  },
  "complaint-exists": { title: "Bạn đã khiếu nại về mục này", advice: "Hãy xem trong danh sách khiếu nại." },
  "complaint-state": {
    title: "Không làm được nữa",
    advice: "Khiếu nại này đã được trả lời, giải quyết hoặc rút lại. Hãy tải lại.",
  },
  "schema-violation": {
    title: "Nội dung không được nhận",
    advice: "Đừng ghi số căn cước hay số giấy tờ của ai trong phần này.",
  },
  "rate-limited": { title: "Quá nhiều yêu cầu", advice: "Hãy đợi một lát rồi thử lại." },
  "look-not-recorded": {
    title: "Chưa xem được",
    advice: "Việc bạn xem phải được ghi lại trước, mà hiện chưa ghi được. Hãy thử lại sau.",
  },
  "no-inbox": { title: "Ở đây không có hộp thư", advice: "Đơn vị vận hành chưa mở dịch vụ hộp thư." },
  "inbox-unavailable": {
    title: "Hộp thư không trả lời",
    advice: "Các phần khác vẫn dùng được. Hãy thử lại sau ít phút.",
  },
  "already-answered": {
    title: "Bạn đã trả lời thư này",
    advice: "Câu trả lời đầu tiên được giữ. Hãy tải lại hộp thư.",
  },
  "too-late": { title: "Đã hết hạn trả lời", advice: "Thư này không trả lời được nữa." },
  "case-over": { title: "Việc này đã xong", advice: "Thư này không cần trả lời nữa." },
  server: { title: "Máy chủ gặp lỗi", advice: "Hãy thử lại sau ít phút." },
  other: { title: "Không làm được", advice: "Máy chủ không nhận yêu cầu này." },
};
