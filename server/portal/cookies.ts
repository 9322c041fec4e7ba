import type { HeaderOf } from "../route.ts";

/** A cookie of ours: scripts never see it, and it comes back to this host alone. */
export interface Cookie {
  /** The value that the browser sends; undefined without one. */
  readonly read: (header: HeaderOf) => string | undefined;
  /** `Set-Cookie` that keeps it for at most so long. */
  readonly set: (value: string, seconds: number) => string;
  /** `Set-Cookie` that takes it back. */
  readonly forget: () => string;
}

export interface CookieOptions {
  readonly name: string;
  /** `Strict`: the browser sends it only with what our own pages ask for. `Lax`: also when it is led here from elsewhere. */
  readonly sameSite: "Strict" | "Lax";
  /**
   * Over https the name says `__Host-` (RFC 6265bis section 4.1.3.2): no other host, and nothing over http, can have set it. Plain http is
   * for this machine alone, and a browser may refuse `Secure` there.
   */
  readonly isTls: boolean;
}

/** @throws nothing: a cookie of another form than ours is none. */
export function cookie({ name, sameSite, isTls }: CookieOptions): Cookie {
  const fullName = isTls ? `__Host-${name}` : name;
  const attributes = ["Path=/", "HttpOnly", `SameSite=${sameSite}`, ...(isTls ? ["Secure"] : [])].join("; ");
  return {
    read: (header) => {
      const values = (header("cookie") ?? "")
        .split(";")
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${fullName}=`));
      // Two of one name: one of them is not ours.
      return values.length === 1 ? values[0]?.slice(fullName.length + 1) : undefined;
    },
    set: (value, seconds) => `${fullName}=${value}; Max-Age=${seconds}; ${attributes}`,
    forget: () => `${fullName}=; Max-Age=0; ${attributes}`,
  };
}
