/** What a browser is told about a document or script of the portal, beside what every answer says (server/edge.ts). */

const SHARED = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];

const PORTAL_POLICY = [...SHARED, "connect-src 'self'"].join("; ");

/** A person names the chain node that they trust: any over TLS, and one on their own machine. CSP has no spelling for `[::1]`. */
const VERIFY_POLICY = [...SHARED, "connect-src 'self' https: http://127.0.0.1:* http://localhost:*"].join(
  "; ",
);

/**
 * Codes on paper are scanned with the camera; nothing else of the machine is wanted. Only names of the standard: of others, such as `browsing-topics`, browsers
 * complain on the console of every page, and no script of another host is here to use them.
 */
const CAPABILITIES = [
  "camera=(self)",
  ...[
    "accelerometer",
    "autoplay",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
  ].map((name) => `${name}=()`),
].join(", ");

/** A year: whoever came once over TLS comes over TLS. */
const TRANSPORT = "max-age=31536000";

/** @param isTls whether people reach the server by https */
export function pageHeaders(
  document: "portal" | "verify",
  { isTls }: { readonly isTls: boolean },
): Readonly<Record<string, string>> {
  return {
    "content-security-policy": document === "verify" ? VERIFY_POLICY : PORTAL_POLICY,
    "permissions-policy": CAPABILITIES,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    ...(isTls ? { "strict-transport-security": TRANSPORT } : {}),
  };
}
