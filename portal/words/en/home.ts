import type { home as vi } from "../vi/home.ts";

export const home: typeof vi = {
  title: "You have a right to know who has used your data",
  lead: "Whenever one public agency looks at data about you that another holds, or acts for you without being asked, that is written into a record which nobody can change. Here you read that record.",
  see: {
    title: "See who used it",
    text: "Which agency, when, which kinds of data, what for, by which article of law, and whether it was allowed.",
  },
  check: {
    title: "Be sure it is complete",
    text: "Your own browser recomputes everything and compares it with the <chain>blockchain</chain>. One missing entry or one changed letter shows at once.",
  },
  act: {
    title: "Have your say",
    text: "Withdraw a <consent>consent</consent> with two taps, complain from any entry, and follow by when you must be answered.",
  },
  anybody: "You can check without signing in",
  anybodyText:
    "Do you have a <statement>statement</statement> or <evidence>evidence</evidence> as a file? The Verify page reads it on your own device and sends it nowhere.",
  toVerify: "Open the Verify page",
  otherRole: "You are signed in as: {{role}}. The pages for citizens are not for this role.",
};
