import type { DenialReason, PermitReason } from "../../protocol/decision.ts";
import type { Bilingual } from "../../protocol/procedures.ts";

/** What a reason means, for whoever has to act on it. */
export const REASON_TEXTS: Readonly<Record<PermitReason | DenialReason, Bilingual>> = {
  law: {
    vi: "Pháp luật cho phép thủ tục này đọc dữ liệu đó.",
    en: "The law lets this procedure read these data.",
  },
  consent: { vi: "Người dân đã đồng ý.", en: "The person consented." },
  "law-and-consent": {
    vi: "Một phần theo pháp luật, phần còn lại người dân đã đồng ý.",
    en: "Part by law, and the person consented to the rest.",
  },
  emergency: {
    vi: "Chỉ được phép vì khẩn cấp; việc này sẽ được xem xét sau.",
    en: "Permitted for the emergency only; it will be reviewed.",
  },
  "unknown-action": {
    vi: 'Chỉ quyết định việc đọc: hãy gửi action.name là "read".',
    en: 'Only reading is decided about: send the action.name "read".',
  },
  "reserved-procedure": {
    vi: "Mã thủ tục này dành riêng cho chính sổ cái.",
    en: "This code belongs to the ledger itself.",
  },
  "unknown-agency": {
    vi: "Danh mục không có cơ quan này.",
    en: "The catalogue does not name this agency as a member.",
  },
  "unknown-procedure": {
    vi: "Danh mục không có thủ tục này.",
    en: "The catalogue has no such procedure.",
  },
  "unknown-category": {
    vi: "Danh mục không có loại dữ liệu này.",
    en: "The catalogue has no such category of data.",
  },
  "not-a-party": {
    vi: "Thủ tục này không giao dữ liệu cho cơ quan loại này.",
    en: "This procedure gives no data to an agency of this type.",
  },
  "not-from-this-provider": {
    vi: "Thủ tục này không lấy dữ liệu từ cơ quan đó.",
    en: "This procedure takes no data from that agency.",
  },
  "category-not-allowed": {
    vi: "Thủ tục này không được đọc hết các loại dữ liệu đó.",
    en: "This procedure may not read all of these categories.",
  },
  "no-legal-basis": {
    vi: "Danh mục không nêu căn cứ pháp lý của thủ tục này.",
    en: "The catalogue names no legal basis for this procedure.",
  },
  objected: {
    vi: "Người dân phản đối việc máy tự động xử lý trong thủ tục này. Chỉ cán bộ mới được đọc, khi người dân nộp hồ sơ.",
    en: "The person objects to machines acting in this procedure of their own accord. An official may read when the person applies.",
  },
  "consent-missing": {
    vi: "Cần người dân đồng ý, và chưa có sự đồng ý nào.",
    en: "It takes the person's consent, and there is none.",
  },
  "consent-too-narrow": {
    vi: "Người dân đồng ý cho ít loại dữ liệu hơn.",
    en: "The person consented to fewer categories.",
  },
  "consent-not-yet-valid": {
    vi: "Sự đồng ý chưa có hiệu lực.",
    en: "The consent is not in force yet.",
  },
  "consent-expired": { vi: "Sự đồng ý đã hết hạn.", en: "The consent has expired." },
  "consent-refused": { vi: "Người dân đã từ chối.", en: "The person refused." },
  "consent-withdrawn": {
    vi: "Người dân đã rút lại sự đồng ý.",
    en: "The person withdrew the consent.",
  },
  "consent-revoked": {
    vi: "Cơ quan chịu trách nhiệm đã chấm dứt việc sử dụng sự đồng ý.",
    en: "The agency that answers for it ended the consent.",
  },
  "consent-invalidated": {
    vi: "Cơ quan có thẩm quyền tuyên sự đồng ý không có giá trị.",
    en: "An authority found the consent to be invalid.",
  },
  "consent-erased": {
    vi: "Nội dung của sự đồng ý đã bị xóa, nên không còn cho phép gì.",
    en: "The contents of the consent were erased, so it permits nothing any more.",
  },
};
