/** Words of the matter, each explained in a sentence or two where it stands. */
export const terms = {
  statement: {
    word: "Bản kê",
    meaning:
      "Danh sách mọi lần dữ liệu của bạn được xem hay dùng, và mọi việc cơ quan làm cho bạn. Bản kê kèm bằng chứng toán học rằng không thiếu mục nào.",
  },
  anchor: {
    word: "Chốt lên chuỗi khối",
    meaning:
      "Cứ vài phút, một con số đại diện cho toàn bộ sổ ghi được viết lên chuỗi khối. Sau đó không ai sửa được những gì đã ghi mà không bị phát hiện. Không có dữ liệu cá nhân nào trên chuỗi khối.",
  },
  chain: {
    word: "Chuỗi khối",
    meaning: "Một cuốn sổ chung do nhiều máy tính cùng giữ. Chỉ viết thêm được, không xóa hay sửa được.",
  },
  block: {
    word: "Khối",
    meaning:
      "Chuỗi khối dài thêm từng khối, mỗi khối có một số. Số khối cho biết một điều được viết lên chuỗi khối vào lúc nào.",
  },
  index: {
    word: "Mục lục",
    meaning:
      "Cho biết mục nào trong sổ là của ai, như mục lục cuối một cuốn sách. Nhờ nó mà chứng minh được rằng bản kê của bạn không thiếu mục nào.",
  },
  evidence: {
    word: "Bằng chứng",
    meaning:
      "Một tệp chứng minh rằng một mục có trong sổ, do cơ quan nào ghi và lúc nào. Ai cũng kiểm tra được, không cần tin máy chủ này.",
  },
  horizon: {
    word: "Tính đến",
    meaning:
      "Bản kê gồm mọi mục đã được chốt đến lúc này. Những gì vừa xảy ra sẽ hiện sau lần chốt tiếp theo, thường trong vài phút.",
  },
  sealed: {
    word: "Niêm phong",
    meaning:
      "Luật cho phép một số cơ quan tạm giữ kín một mục, ví dụ khi đang điều tra. Bạn thấy là có mục này, ai giữ kín và đến khi nào; hết hạn thì nội dung hiện ra.",
  },
  erased: {
    word: "Đã xóa",
    meaning:
      "Nội dung của mục này đã bị hủy theo lệnh xóa. Dấu vết vẫn còn để bản kê không thiếu mục nào, nhưng không ai đọc được nội dung nữa.",
  },
  finding: {
    word: "Phát hiện",
    meaning:
      "Điều bất thường mà hệ thống tự thấy khi so việc đã làm với luật, với danh mục thủ tục và với sự đồng ý của bạn. Thanh tra sẽ xem xét.",
  },
  procedure: {
    word: "Thủ tục",
    meaning:
      "Một việc hành chính, ví dụ cấp hộ chiếu. Danh mục công khai ghi rõ mỗi thủ tục được xem dữ liệu nào, của cơ quan nào, theo điều luật nào.",
  },
  category: {
    word: "Loại dữ liệu",
    meaning: "Loại thông tin đã được dùng, ví dụ ngày sinh. Ở đây chỉ ghi loại, không bao giờ ghi nội dung.",
  },
  legalBasis: {
    word: "Căn cứ pháp lý",
    meaning: "Điều luật cho phép cơ quan làm việc này mà không cần hỏi bạn.",
  },
  consent: {
    word: "Sự đồng ý",
    meaning:
      "Bạn cho phép một cơ quan dùng một số loại dữ liệu cho một việc, trong một thời hạn. Bạn rút lại được bất cứ lúc nào.",
  },
  mandate: {
    word: "Quyền đại diện",
    meaning: "Giấy tờ cho phép một người làm thay người khác, ví dụ cha mẹ thay con dưới 16 tuổi.",
  },
  emergency: {
    word: "Trường hợp khẩn cấp",
    meaning:
      "Cơ quan đã dùng dữ liệu mà không chờ cho phép, vì có nguy hiểm. Mỗi lần như vậy đều được thanh tra xem lại sau.",
  },
  rule: {
    word: "Quy tắc tự động",
    meaning:
      "Máy đã làm theo một quy tắc viết sẵn, không có người quyết định. Bạn có thể phản đối và yêu cầu người xem xét.",
  },
  bothSides: {
    word: "Hai bên cùng ghi",
    meaning:
      "Bên hỏi và bên đưa dữ liệu đều tự ghi lại lần trao đổi này. Hai bản ghi khớp nhau thì khó ai giấu được.",
  },
  digest: {
    word: "Dấu vân tay của tệp",
    meaning:
      "Một con số tính từ nội dung tệp. Đổi một chữ trong tệp là con số đổi hẳn, nên nó cho biết tệp có còn nguyên hay không. Cách tính tên là SHA-256.",
  },
  complaint: {
    word: "Khiếu nại",
    meaning:
      "Bạn nói rằng một lần dùng dữ liệu có vẻ sai. Cơ quan phải trả lời trong thời hạn luật định; thanh tra quyết định.",
  },
  objection: {
    word: "Phản đối xử lý tự động",
    meaning: "Bạn không muốn máy tự làm thủ tục này cho bạn. Từ đó cơ quan chỉ làm khi bạn tự nộp hồ sơ.",
  },
  trustProfile: {
    word: "Hồ sơ tin cậy",
    meaning:
      "Địa chỉ của cuốn sổ thật trên chuỗi khối. Trình duyệt dùng nó để biết phải so bản kê với cuốn sổ nào. Ở trang này, máy chủ đưa hồ sơ này; ở trang Tự kiểm tra bạn có thể dùng hồ sơ của riêng mình.",
  },
  officialRole: {
    word: "Chức vụ",
    meaning:
      "Chức vụ của người đã xem. Tên riêng không hiện ở đây; cơ quan chịu trách nhiệm và thanh tra biết đó là ai.",
  },
};
