import { type Browser, chromium } from "playwright-core";

/** As root, which containers are, Chromium has no sandbox. The package's own arguments would also switch off what keeps sites apart. */
const ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"];

/** The browser that CHROME_PATH names, or else the one from npm, which needs nothing installed. */
export async function launchChromium(): Promise<Browser> {
  const own = process.env["CHROME_PATH"];
  if (own !== undefined && own !== "") return await chromium.launch({ executablePath: own, args: ARGUMENTS });
  // Loaded only here: it unpacks two hundred megabytes into the temporary folder the first time.
  const { default: packed } = await import("@sparticuz/chromium");
  return await chromium.launch({ executablePath: await packed.executablePath(), args: ARGUMENTS });
}
