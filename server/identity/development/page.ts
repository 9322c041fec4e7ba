import { hash } from "node:crypto";
import type { DemoPerson } from "./people.ts";

const STYLE = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff }
h1 { font-size: 1.4rem }
button { font: inherit; display: block; width: 100%; text-align: left; margin: .4rem 0; padding: .6rem .8rem; border: 1px solid #555; border-radius: .3rem; background: #f4f4f4; cursor: pointer }
button:hover, button:focus { background: #e0ecff }
.note { border-left: .3rem solid #b00; padding-left: .8rem }
`;
const STYLE_SOURCE = `'sha256-${hash("sha256", STYLE, "base64")}'`;

/**
 * What the pages of the development sign-on may do: nothing but show themselves and send their form.
 * @param then the origin where the browser is sent after the form; a browser checks redirects too
 */
export function contentSecurityPolicy(then: string | undefined): string {
  const to = then === undefined ? "" : ` ${then}`;
  return `default-src 'none'; style-src ${STYLE_SOURCE}; form-action 'self'${to}; frame-ancestors 'none'; base-uri 'none'`;
}

/** The page on which one picks who to be. @param client the program that asks */
export function pickPage(people: readonly DemoPerson[], client: string): string {
  const buttons = people.map(
    ({ id, label }) => `<button name="person" value="${escape(id)}">${escape(label)}</button>`,
  );
  return page(`
<h1>Đăng nhập thử nghiệm · Development sign-on</h1>
<p class="note">Đây không phải là đăng nhập thật: không có mật khẩu, và những người này không tồn tại.<br>
This is no real sign-on: it has no passwords, and nobody of these people exists.</p>
<p>Chọn một người cho <b>${escape(client)}</b>. · Pick who to be for <b>${escape(client)}</b>.</p>
<form method="post">${buttons.join("\n")}</form>`);
}

function page(body: string): string {
  return `<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Minh Bạch: development sign-on</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
