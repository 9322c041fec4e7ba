export const consents = {
  title: "Sự đồng ý của tôi",
  states: {
    ConsentRequested: "cơ quan đang hỏi bạn",
    ConsentRequestDeferred: "bạn để lại quyết sau",
    ConsentGiven: "đã đồng ý",
    RenewedConsentGiven: "đã gia hạn",
    ConsentRefused: "đã từ chối",
    ConsentWithdrawn: "đã rút lại",
    ConsentRevoked: "cơ quan không dùng nữa",
    ConsentExpired: "đã hết hạn",
    ConsentInvalidated: "bị tuyên là không có giá trị",
  },
};
