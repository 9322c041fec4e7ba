import type { verify as vi } from "../vi/verify.ts";

export const verify: typeof vi = {
  title: "Verify",
  soon: "Check it with a command",
  how: "Checking in the browser is not open yet. Meanwhile anybody can check a statement or evidence file with this command, on their own machine and without trusting us:",
  toPortal: "To the portal",
};
