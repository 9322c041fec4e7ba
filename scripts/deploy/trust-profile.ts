import { parseTrustProfile, type TrustProfile } from "../../verifier/trust-profile.ts";
import { replaceFile } from "./record.ts";

/** Writes a trust profile file. @throws TrustProfileError when a member is not as verifiers take it */
export async function writeProfile(file: string, profile: TrustProfile): Promise<void> {
  const text = `${JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...profile }, null, 2)}\n`;
  parseTrustProfile(text);
  await replaceFile(file, text);
}
