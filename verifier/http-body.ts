import { concat } from "../protocol/bytes.ts";

/** The part of a Fetch API response that is read. */
export interface FetchResponse {
  /** HTTP status. */
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** The body of an answer, or undefined when it is longer than allowed: the rest is then not read. */
export async function readBody(response: FetchResponse, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (value !== undefined) {
      chunks.push(value);
      length += value.length;
    }
    if (length > maxBytes) {
      await reader?.cancel();
      return undefined;
    }
    if (done) return concat(...chunks);
  }
}
