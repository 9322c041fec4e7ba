import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { Ajv, type JSONSchemaType } from "ajv";
import { RecorderError } from "./errors.ts";

/** The systems of an agency that may use its recorder beyond loopback. Only hashes of their tokens are stored. */
export interface ClientTokens {
  /** Name of the client whose token this is, or undefined. Takes the same time whichever it is. */
  clientOf: (token: string) => string | undefined;
}

interface TokenFile {
  clients: { name: string; sha256: string }[];
}

const schema: JSONSchemaType<TokenFile> = {
  type: "object",
  additionalProperties: false,
  required: ["clients"],
  properties: {
    clients: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "sha256"],
        properties: {
          name: { type: "string", pattern: "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$" },
          sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
        },
      },
    },
  },
};
const isTokenFile = new Ajv().compile(schema);

/** Owner may write; group and others may at most read: whoever writes here can let themselves in. */
const WRITABLE_BY_OTHERS = 0o022;
const TOKEN_BYTES = 32;

/** Reads the file of token hashes. Throws `bad-setting` when it is missing, malformed, empty or writable by others. */
export async function readClientTokens(path: string): Promise<ClientTokens> {
  const { clients } = await readTokenFile(path);
  if (clients.length === 0) throw unusable(path, "names no client; add one with: minhbach recorder token");
  const hashes = clients.map(({ name, sha256 }) => ({ name, hash: Buffer.from(sha256, "hex") }));
  return {
    clientOf: (token) => {
      const hash = createHash("sha256").update(token).digest();
      let found: string | undefined;
      for (const client of hashes) if (timingSafeEqual(client.hash, hash)) found = client.name;
      return found;
    },
  };
}

/**
 * Adds a client to the file (made when missing) and returns its new token, which is shown this once. A client of that name loses its
 * old token.
 */
export async function addClientToken(path: string, name: string): Promise<string> {
  const { clients } = await readTokenFile(path).catch((error: unknown) => {
    if (error instanceof RecorderError && isMissing(error.cause)) return { clients: [] };
    throw error;
  });
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const sha256 = createHash("sha256").update(token).digest("hex");
  const file = { clients: [...clients.filter((client) => client.name !== name), { name, sha256 }] };
  if (!isTokenFile(file)) {
    throw new RecorderError(
      "bad-setting",
      "a client's name has lowercase letters, digits and inner hyphens, at most 64",
    );
  }
  await writeFile(`${path}.new`, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  return token;
}

async function readTokenFile(path: string): Promise<TokenFile> {
  let value: unknown;
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & WRITABLE_BY_OTHERS) !== 0) {
      throw unusable(path, `can be written by other users; run: chmod 600 ${path}`);
    }
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    if (cause instanceof RecorderError) throw cause;
    throw unusable(path, "cannot be read as JSON", cause);
  }
  if (isTokenFile(value)) return value;
  throw unusable(path, 'must be {"clients": [{"name": "...", "sha256": "<64 hex digits>"}]}');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function unusable(path: string, what: string, cause?: unknown): RecorderError {
  return new RecorderError("bad-setting", `The file of client tokens ${path} ${what}.`, { cause });
}
