/** One event of a stream. */
export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface ReadOptions {
  readonly token: string;
  /** What had come before, as a browser says it when it comes again. */
  readonly lastEventId?: string;
  readonly signal?: AbortSignal;
}

/** The events of one connection, as a browser takes them apart (HTML standard, section 9.2.6); ends when the connection does. */
export async function* readEvents(
  url: string,
  { token, lastEventId, signal }: ReadOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  let rest = "";
  try {
    const response = await fetch(url, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: "text/event-stream",
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
      ...(signal !== undefined && { signal }),
    });
    if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`);
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split("\n\n");
      // What a connection that breaks off leaves unfinished is no event.
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = new Map(block.split("\n").map((line) => fieldOf(line)));
        const data = fields.get("data");
        if (data === undefined) continue;
        const parsed: unknown = JSON.parse(data);
        yield { id: fields.get("id") ?? "", event: fields.get("event") ?? "message", data: parsed };
      }
    }
  } catch (error) {
    // However the connection ended, it ended.
    if (signal?.aborted !== true && !(error instanceof TypeError)) throw error;
  }
}

function fieldOf(line: string): readonly [string, string] {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
  return [name, value];
}
