import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { call } from "../system/api.ts";
import { ACCESS } from "../system/fixture.ts";
import { tokenNamed } from "../system/statements.ts";
import {
  expectAccessible,
  left,
  picture,
  type Portal,
  signedOn,
  startPortal,
  type Visitor,
  type VisitorOptions,
} from "./browser.ts";
import { press, tabTo } from "./keys.ts";
import { indexOf, judged } from "./recorded.ts";

const COMPLAINT = "Tôi không nộp hồ sơ nào ở cơ quan này.";
const ANSWER = "Cán bộ đã mở nhầm hồ sơ; chúng tôi đã nhắc nhở.";
const REASON = "Không có hồ sơ nào cho lần xem này.";
const CAUSE = "Cán bộ dùng quyền khẩn cấp không đúng lúc.";

describe("what data-protection officers do in a browser, and what follows", function () {
  this.timeout(600_000);
  let portal: Portal;
  let complaint: string;
  before(async () => {
    portal = await startPortal();
    await portal.record([
      { ...ACCESS, case: "QN-1" },
      { ...ACCESS, case: "QN-2", handling: { emergency: true } },
    ]);
    await judged(portal);
    const citizen = await tokenNamed(portal.system, "citizen 1");
    const filed = await call(`${portal.url}/v1/complaints`, citizen, {
      index: await indexOf(portal, 1),
      text: COMPLAINT,
    });
    expect(filed.status, JSON.stringify(filed.json)).to.equal(201);
    complaint = (filed.json["complaint"] as { id: string }).id;
  });
  after(async () => await portal.close());

  async function opened(path: string, person: string, options: VisitorOptions = {}): Promise<Visitor> {
    return await signedOn(portal, path, person, { size: "desktop", ...options });
  }

  it("an officer begins at what waits for their agency, and answers a complaint by keyboard alone", async () => {
    const visit = await opened("/portal/", "officer-qn-police", { size: "phone" });
    const { page } = visit;
    await page.getByRole("heading", { level: 1, name: "Việc của cơ quan" }).waitFor();
    expect(new URL(page.url()).pathname).to.equal("/portal/agency");
    const duty = page.getByRole("region", { name: "Khiếu nại phải trả lời" });
    await duty.getByText(/Hạn: .*(GMT\+7|ICT)/).waitFor();
    await page.getByText("Không có vi phạm nào phải báo.").waitFor();
    await expectAccessible(page);
    await picture(page, "officer-home-phone-vi");

    await press(page, duty.getByRole("link", { name: /^Mở Khiếu nại/ }));
    await page.getByText(COMPLAINT).waitFor();
    await page.getByRole("heading", { name: "Mục bị khiếu nại" }).waitFor();
    await page.getByText("QN-1").waitFor();
    await expectAccessible(page);
    const send = page.getByRole("button", { name: "Gửi câu trả lời" });
    await press(page, send);
    await page.getByText("Hãy viết câu trả lời.").waitFor();
    await expectAccessible(page);
    await page.getByRole("textbox", { name: "Câu trả lời" }).focus();
    await page.keyboard.type("999199000001");
    await page.getByText("Ở đây không ghi số căn cước (12 chữ số).").waitFor();
    await page.keyboard.press("Control+A");
    await page.keyboard.type(ANSWER);
    await press(page, send);
    await page.getByRole("alertdialog").or(page.getByRole("dialog")).waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.getByText(/Câu trả lời đã được ghi ở mục #\d+/).waitFor();
    await page.getByText("Cơ quan trả lời", { exact: true }).waitFor();
    await expectAccessible(page);
    await picture(page, "officer-complaint-phone-vi");
    expect(await send.count(), "it is answered once").to.equal(0);
    await press(page, page.getByRole("link", { name: "Về danh sách khiếu nại" }));
    await page.getByText("Không có khiếu nại nào như vậy").waitFor();
    await expectAccessible(page);
    await left(visit);
  });

  it("the officer of another agency is not told of it", async () => {
    const visit = await opened(`/portal/received-complaints/${complaint}`, "officer-qn-justice", {
      language: "en",
    });
    const { page } = visit;
    await page.getByText("There is no such complaint").waitFor();
    expect(await page.getByText(COMPLAINT).count()).to.equal(0);
    await expectAccessible(page);
    await picture(page, "officer-complaint-none-en");
    await page.goto("/portal/agency");
    await page.getByText("No complaint waits for the agency's answer.").waitFor();
    await expectAccessible(page);
    await picture(page, "officer-home-desktop-en");
    await left(visit);
  });

  it("an inspector decides it by keyboard alone, and the citizen sees what was said", async () => {
    const visit = await opened("/portal/received-complaints", "inspector-1");
    const { page } = visit;
    await page.getByText("cơ quan đã trả lời, chờ quyết định").first().waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-complaints-desktop-vi");
    await press(page, page.getByRole("link", { name: /^Mở/ }).first());
    await page.getByText(ANSWER).waitFor();
    const decide = page.getByRole("button", { name: "Ra quyết định" });
    await press(page, decide);
    await page.getByText("Hãy chọn một quyết định.").waitFor();
    await page.getByText("Hãy viết lý do.").waitFor();
    await expectAccessible(page);
    const right = page.getByRole("radio", { name: "Người khiếu nại đúng", exact: true });
    await press(page, right, "Space");
    await tabTo(page, page.getByRole("textbox", { name: "Lý do" }));
    await page.keyboard.type(REASON);
    await press(page, decide);
    await page.getByText("Khiếu nại kết thúc với: Người khiếu nại đúng.", { exact: false }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.getByText(/Quyết định đã được ghi ở mục #\d+/).waitFor();
    await page.getByText("Người khiếu nại đúng").first().waitFor();
    await expectAccessible(page);
    await picture(page, "inspector-complaint-desktop-vi");
    expect(await decide.count(), "it is decided once").to.equal(0);
    await left(visit);

    const person = await opened(`/portal/complaints/${complaint}`, "citizen-1", { size: "phone" });
    await person.page.getByText(ANSWER).waitFor();
    await person.page.getByText(REASON).waitFor();
    await person.page.getByText("Kết quả: bạn đúng").waitFor();
    await person.page.getByText("Thanh tra quyết định").first().waitFor();
    await expectAccessible(person.page);
    await picture(person.page, "complaint-decided-phone-vi");
    await left(person);
  });

  it("a breach is notified: what the ledger knows is written, the agency adds the rest, and that it was told is recorded", async () => {
    const inspecting = await opened("/portal/queues/emergencies", "inspector-1");
    await inspecting.page.getByRole("link", { name: /^Mở/ }).first().press("Enter");
    await inspecting.page.getByRole("textbox", { name: "Lý do" }).fill("Không có ai gặp nguy hiểm.");
    await inspecting.page.getByRole("button", { name: "Không phải khẩn cấp" }).press("Enter");
    await inspecting.page.getByRole("button", { name: "Có, ghi vào sổ" }).press("Enter");
    await inspecting.page.getByRole("link", { name: "Soạn thông báo" }).waitFor();
    await left(inspecting);

    const visit = await opened("/portal/agency", "officer-qn-police");
    const { page } = visit;
    const duty = page.getByRole("region", { name: "Vi phạm phải báo trong 72 giờ" });
    await press(page, duty.getByRole("link", { name: /^Mở/ }));
    await press(page, page.getByRole("link", { name: "Soạn thông báo" }));
    await page.getByText("1.004222").or(page.getByText("Số người có dữ liệu bị dùng")).first().waitFor();
    await tabTo(page, page.getByRole("textbox", { name: "Nguyên nhân" }));
    await page.keyboard.type(CAUSE);
    await expectAccessible(page);
    await picture(page, "officer-notification-desktop-vi");
    const downloading = page.waitForEvent("download");
    await press(page, page.getByRole("button", { name: "Tải thông báo (văn bản)" }));
    const text = await readFile(await (await downloading).path(), "utf8");
    expect(text).to.contain(`Nguyên nhân: ${CAUSE}`).and.contain("91/2025/QH15");
    expect(text, "it names nobody").to.not.contain(ACCESS.subject.id).and.not.contain(ACCESS.agent.id);
    const record = page.getByRole("button", { name: "Ghi nhận đã báo" });
    await press(page, record);
    await page.getByText("Hãy điền mục này.").waitFor();
    await page.getByRole("textbox", { name: "Đã báo cho cơ quan nào" }).focus();
    await page.keyboard.type("A05");
    await press(page, record);
    await press(page, page.getByRole("button", { name: "Có, ghi vào sổ" }));
    await page.getByText(/Đã ghi vào sổ ở mục #\d+/).waitFor();
    await page.getByText("Đã báo lúc").waitFor();
    expect(await record.count(), "it is told once").to.equal(0);
    await expectAccessible(page);
    await press(page, page.getByRole("link", { name: "Về phát hiện" }));
    await page.getByText("đã báo cơ quan có thẩm quyền").waitFor();
    await press(page, page.getByRole("link", { name: "Việc của cơ quan" }));
    await page.getByText("Không có vi phạm nào phải báo.").waitFor();
    await left(visit);
  });
});
