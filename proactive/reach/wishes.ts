import type { Wishes } from "../inbox/message.ts";
import type { Addresses } from "./channel.ts";

/** The addresses as the person wants to be reached in one procedure: in their language, not where they do not want it, and not when they sleep. */
export function asWished(to: Addresses, { language, sms, email, quiet }: Wishes): Addresses {
  const { phone, email: mailbox, inbox } = to;
  return {
    ...{ language: language ?? to.language, inbox, quiet },
    ...(sms && phone !== undefined && { phone }),
    ...(email && mailbox !== undefined && { email: mailbox }),
  };
}
