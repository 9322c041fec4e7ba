import { hash } from "node:crypto";
import nodemailer from "nodemailer";
import type { Addresses, Channel, Message } from "./channel.ts";

export interface EmailOptions {
  /** `smtp://user:password@host:port` or `smtps://...`. */
  readonly url: string;
  /** Sender, such as `Một cửa <mot-cua@province.example>`. */
  readonly from: string;
  readonly subject: { readonly vi: string; readonly en: string };
}

/** Until a server has taken the message, none of these leaves a doubt: nothing went out. */
const CERTAIN_FAILURES = ["EDNS", "EAUTH", "EENVELOPE", "ETLS"];

/**
 * E-mail. A second attempt would be a second letter, so one whose end is not known is not repeated. The message id is made of the key, so that
 * letters that a server did take twice can be told to be one.
 */
export function emailChannel({ url, from, subject }: EmailOptions): Channel {
  const transport = nodemailer.createTransport(url);
  return {
    ...{ name: "email", disturbs: false, isIdempotent: false },
    reaches: ({ email }) => email !== undefined,
    send: async ({ email, language }: Addresses, { key, text }: Message) => {
      const domain = /@([^>\s]+)/.exec(from)?.[1] ?? "localhost";
      try {
        await transport.sendMail({
          ...{ from, to: email ?? "", subject: subject[language], text: text[language] },
          messageId: `<${hash("sha256", key, "hex")}@${domain}>`,
        });
        return "delivered";
      } catch (error) {
        if (isCertain(error)) return "failed";
        throw error;
      }
    },
  };
}

function isCertain(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // While connecting, nothing was handed over yet.
  if ("command" in error && error.command === "CONN") return true;
  return "code" in error && typeof error.code === "string" && CERTAIN_FAILURES.includes(error.code);
}
