/** 32 bytes in base64url. */
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

/** The digest of the file that a printed code or a person names: the address of the code, what stands behind its `#`, or the digest itself. */
export function digestIn(text: string): string | undefined {
  const trimmed = text.trim();
  const [, named = trimmed] = /#(?:.*&)?statement=([^&]*)/.exec(trimmed) ?? [];
  return DIGEST.test(named) ? named : undefined;
}
