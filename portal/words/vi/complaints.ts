export const complaints = {
  title: "Khiếu nại của tôi",
  states: {
    filed: "đã gửi, chờ cơ quan trả lời",
    answered: "cơ quan đã trả lời, chờ quyết định",
    decided: "đã có quyết định",
    withdrawn: "bạn đã rút lại",
    closed: "đã khép lại",
  },
};
