/**
 * Where the verify page is told which file it is to be: the digest (SHA-256, base64url) stands behind the `#`, so that it never leaves the browser. The print view
 * shows this address as a code, and the verify page compares the file that it is given.
 */
export function verifyAddress(origin: string, digest: string): string {
  return `${origin}/verify#statement=${digest}`;
}
