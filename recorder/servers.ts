/** What a server, or something in between, answered. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** The servers of one ledger, which all hold the same log. */
export interface Servers {
  /**
   * The answer of the server that answered last, at first of the first one. When it does not answer, or says that it cannot now (502, 503, 504), each of the others is
   * asked the same once: everything a recorder asks may be asked twice. When none can, the first of their answers.
   * @throws what the first one's request threw, when none answered at all
   */
  request: (path: string, init: RequestInit) => Promise<HttpAnswer>;
}

export interface ServersOptions {
  /** Base URLs, the preferred one first. */
  urls: readonly string[];
  /** Gives up on one server after this. */
  timeoutMs: number;
  /** Cuts off whatever is under way; nobody else is asked then. */
  signal: AbortSignal | undefined;
  maxAnswerBytes: number;
}

const CANNOT_NOW = new Set([502, 503, 504]);

export function ledgerServers({ urls, timeoutMs, signal, maxAnswerBytes }: ServersOptions): Servers {
  const bases = urls.map((url) => url.replace(/\/+$/, ""));
  /** Place of the one to ask first. */
  let current = 0;

  async function ask(base: string, path: string, init: RequestInit): Promise<HttpAnswer> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(base + path, {
      ...init,
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const text = await boundedText(response, maxAnswerBytes);
    return { status: response.status, headers: response.headers, text };
  }

  return {
    request: async (path, init) => {
      const failures: Error[] = [];
      let refusal: HttpAnswer | undefined;
      const first = current;
      for (let turn = 0; turn < bases.length && signal?.aborted !== true; turn++) {
        const place = (first + turn) % bases.length;
        try {
          const answer = await ask(bases[place] ?? "", path, init);
          if (!CANNOT_NOW.has(answer.status)) {
            current = place;
            return answer;
          }
          refusal ??= answer;
        } catch (error) {
          failures.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
      if (refusal !== undefined) return refusal;
      throw failures[0] ?? new Error("the recorder is being closed");
    },
  };
}

async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  const chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = response.body ?? [];
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error("the ledger's answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
