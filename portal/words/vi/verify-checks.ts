/** Each check of a file in plain words, by kind of file and the verifier's stable ids. Each stands once: what is not here is in `checks.ts`, or a broken promise's is its receipt's (`pages/verify/checks.ts`). */
export const verifyChecks = {
  statement: {
    about: {
      title: "Bản kê nói về ai",
      meaning: "Trang không biết bản kê phải là của ai: hãy tự so số ghi trong bản kê.",
    },
    vrf: {
      title: "Tra đúng chỗ của người đó",
      meaning: "Máy chủ không thể đưa ra danh sách trống của người khác.",
    },
    index: {
      title: "Mục lục nói đúng như vậy",
      meaning: "<index>Mục lục</index> đã chốt ghi đúng số mục của người đó.",
    },
    entries: {
      title: "Mục nào cũng là của người đó",
      meaning: "Mỗi mục cho thấy vì sao nó ở trong danh sách này.",
    },
    linked: {
      title: "Đủ các số giấy tờ của người đó",
      meaning: "Nếu người đó từng có số khác, danh sách của số đó cũng ở đây.",
    },
  },
  evidence: {
    format: { title: "Tệp đúng là một bằng chứng", meaning: "Tệp đọc được và theo đúng mẫu." },
    disclosures: {
      title: "Phần hiện ra là của mục này",
      meaning: "Không phần nào được thêm vào hay sửa sau khi cơ quan đã ghi.",
    },
    submission: { title: "Đọc được lần gửi đã ký", meaning: "Gói mà cơ quan đã ký và gửi vào sổ có ở đây." },
    source: { title: "Cùng một nơi ghi", meaning: "Mục này và gói đã ký là của cùng một máy ghi." },
    sequence: { title: "Đúng số thứ tự", meaning: "Số của mục đúng với chỗ của nó trong gói đã ký." },
    "submission-path": {
      title: "Nằm trong gói đã ký",
      meaning: "Chữ ký của cơ quan bao gồm chính mục này.",
    },
    proof: {
      title: "Đọc được bằng chứng của sổ",
      meaning: "Đường đi từ mục này đến <anchor>dấu chốt</anchor> có ở đây.",
    },
    inclusion: { title: "Có trong sổ", meaning: "Mục này nằm đúng chỗ đó trong cuốn sổ." },
    log: { title: "Ghi cho đúng cuốn sổ", meaning: "Cơ quan đã ký mục này cho cuốn sổ bạn tin." },
    checkpoint: { title: "Dấu chốt của đúng cuốn sổ", meaning: "Dấu chốt không phải của sổ khác." },
    anchor: {
      title: "Đã được chốt",
      meaning: "Chuỗi khối giữ đúng dấu chốt này, và đó là lần chốt đầu tiên có mục này.",
    },
    "checkpoint-signature": { title: "Sổ đã ký dấu chốt", meaning: "Chữ ký là của đúng cuốn sổ." },
    "recorder-key": {
      title: "Đúng chìa khóa của máy ghi",
      meaning: "Lúc đó cơ quan dùng đúng chìa khóa này, theo danh sách trên chuỗi khối.",
    },
    entitlement: { title: "Cơ quan có quyền ghi", meaning: "Lúc đó cơ quan được phép ghi vào sổ." },
    "submission-signature": {
      title: "Cơ quan đã ký",
      meaning: "Chữ ký là của chính cơ quan đó, nên họ không chối được.",
    },
    "assigned-log": {
      title: "Cơ quan thuộc về cuốn sổ này",
      meaning: "Nếu lúc đó cơ quan đã được chuyển sang sổ khác, bạn nên xem cả sổ đó.",
    },
    "key-since": { title: "Chìa khóa không bị thu hồi sau đó", meaning: "Nếu có, bạn cần biết lý do." },
    "agency-since": { title: "Cơ quan vẫn có quyền ghi", meaning: "Nếu không còn, bạn cần biết lý do." },
  },
  gathered: {
    format: { title: "Tệp là bản kê gộp", meaning: "Đọc được và đúng khuôn mẫu." },
    once: { title: "Mỗi sổ một lần", meaning: "Không sổ nào có hai bản kê trong tệp." },
    parts: {
      title: "Mọi bản kê đều đúng",
      meaning: "Từng bản được kiểm tra riêng, như khi chỉ có một mình nó.",
    },
    person: {
      title: "Cùng về một người",
      meaning: "Trang không biết bạn là ai: hãy so con số mà trang nêu.",
    },
    numbers: {
      title: "Cùng về những số đó",
      meaning: "Có thể sổ này biết số cũ của một người mà sổ khác không biết.",
    },
    recorders: {
      title: "Không máy ghi nào ở hai sổ",
      meaning: "Cơ quan chuyển sang sổ khác thì bắt đầu ở đó với tên mới.",
    },
    "one-registry": {
      title: "Đúng danh sách các sổ",
      meaning: "Sổ của các cơ quan nằm trong danh sách mà bạn tin.",
    },
    complete: {
      title: "Không thiếu sổ nào",
      meaning: "Chuỗi khối cho biết có những sổ nào. Sổ còn thiếu có thể có thêm mục về bạn.",
    },
  },
  bundle: {
    format: { title: "Tệp đúng là một bộ bằng chứng", meaning: "Tệp đọc được và theo đúng mẫu." },
    log: { title: "Đúng cuốn sổ", meaning: "Bộ bằng chứng là của cuốn sổ bạn tin." },
    evidence: {
      title: "Bằng chứng của mọi mục đều đạt",
      meaning: "Từng mục được kiểm tra như khi nó đến một mình.",
    },
    places: { title: "Đúng chỗ trong sổ", meaning: "Mỗi mục nằm đúng chỗ mà bộ bằng chứng nói." },
    receipts: {
      title: "Biên nhận là lời hứa của sổ",
      meaning: "Mỗi biên nhận do chính cuốn sổ ký cho mục đó.",
    },
  },
  accusation: {
    format: { title: "Tệp đúng là một lời tố giác", meaning: "Tệp đọc được và theo đúng mẫu." },
    whole: { title: "Bản kê đầy đủ", meaning: "Bản kê trong tệp không bỏ bớt những mục cũ." },
    evidence: {
      title: "Bằng chứng của mục bị bỏ là thật",
      meaning: "Mục đó có trong sổ, do một cơ quan ghi và ký.",
    },
    statement: { title: "Bản kê là thật", meaning: "Chính cuốn sổ đã đưa ra danh sách này." },
    named: { title: "Mục đó nói về người này", meaning: "Nó phải có trong danh sách của họ." },
    horizon: {
      title: "Mục đó đã có từ trước",
      meaning: "Nó được ghi trước lúc bản kê được chốt, nên không thể là chưa kịp.",
    },
    missing: { title: "Mục đó không có trong danh sách", meaning: "Vậy là sổ đã giấu một mục." },
  },
  breach: {
    format: { title: "Tệp đúng là bằng chứng thất hứa", meaning: "Tệp đọc được và theo đúng mẫu." },
    breach: { title: "Sổ đã thất hứa", meaning: "Chuỗi khối cho thấy lời hứa không được giữ." },
  },
  receipt: {
    format: { title: "Tệp đúng là một biên nhận", meaning: "Biên nhận đọc được và theo đúng mẫu." },
    submission: { title: "Đúng gói đã gửi", meaning: "Biên nhận là cho gói đã gửi." },
    deadlines: { title: "Thời hạn hợp lý", meaning: "Hạn trong biên nhận nằm sau lúc nhận." },
    log: { title: "Lời hứa của đúng cuốn sổ", meaning: "Biên nhận là của cuốn sổ bạn tin." },
    final: { title: "Có khối đã xác nhận để so", meaning: "Chuỗi khối có một lúc chắc chắn để xét." },
    signature: { title: "Sổ đã ký biên nhận", meaning: "Cuốn sổ không chối được lời hứa này." },
    "anchor-by": { title: "Đã chốt đúng hạn", meaning: "Các mục đã lên chuỗi khối trong thời hạn đã hứa." },
    "index-by": {
      title: "Đã vào mục lục đúng hạn",
      meaning: "Các mục đã có trong bản kê của người liên quan trong thời hạn đã hứa.",
    },
    content: { title: "Sổ giữ đúng nội dung", meaning: "Trong sổ là chính những mục đã gửi." },
    "key-since": { title: "Chìa khóa không bị thay sau đó", meaning: "Nếu có, bạn cần biết lý do." },
  },
};
