import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { streamChanges } from "../../../proactive/inbox/events.ts";
import type { ShownCase, ShownMessage } from "../../../proactive/inbox/message.ts";
import { AN, Around, BINH, codeOf, MESSAGE } from "./around.ts";
import { readEvents, type StreamEvent } from "./reader.ts";

/** What somebody knows of their inbox from the events alone. */
class Known {
  readonly messages = new Map<number, ShownMessage>();
  readonly cases = new Map<string, ShownCase>();
  readonly ids: number[] = [];
  /** What each event was about. */
  readonly things: string[] = [];
  readonly #enough = new AbortController();
  #last = Infinity;

  /** Reads so many events on each connection, and then on one more, until the last change is known. */
  async read(
    url: string,
    { token, lengths }: { readonly token: string; readonly lengths: readonly number[] },
  ) {
    const left = [...lengths];
    while (!this.#enough.signal.aborted) {
      const [most, before] = [left.shift() ?? Infinity, this.ids.length];
      const lastEventId = this.ids.at(-1);
      const stream = readEvents(url, {
        ...{ token, signal: this.#enough.signal },
        ...(lastEventId !== undefined && { lastEventId: String(lastEventId) }),
      });
      for await (const event of stream) {
        this.#take(event);
        if (this.ids.length - before >= most) break;
      }
    }
  }

  /** No more than this change is to come. */
  endAt(last: number): void {
    this.#last = last;
    if (this.ids.at(-1) === last) this.#enough.abort();
  }

  #take({ id, event, data }: StreamEvent): void {
    this.ids.push(Number(id));
    const { number, caseId } = data as Partial<ShownMessage>;
    this.things.push(event === "message" ? `message ${number}` : `case ${caseId}`);
    if (event === "message") this.messages.set((data as ShownMessage).number, data as ShownMessage);
    if (event === "case") this.cases.set((data as ShownCase).caseId, data as ShownCase);
    if (event === "gone") this.cases.delete((data as ShownCase).caseId);
    if (Number(id) === this.#last) this.#enough.abort();
  }
}

describe("proactive/inbox/events", function () {
  this.timeout(600_000);
  let around: Around;
  beforeEach(async () => (around = await Around.start({ heartbeatMs: 50 })));
  afterEach(async () => await around.end());

  const eventsUrl = (query = ""): string => `${around.service.url}/v1/messages/events${query}`;

  it("tells each change once, in order, however often the reader comes back", async () => {
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("write"), about: fc.nat(3), to: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("show"), about: fc.nat(3), to: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("answer"), about: fc.nat(8), to: fc.nat(4) }) },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 5, maxLength: 25 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
        async (acts, lengths) => {
          run += 1;
          // An inbox of its own for each run.
          const [me, other] = [numbered(run * 2), numbered(run * 2 + 1)];
          const token = await around.person(me);
          const known = new Known();
          const reading = known.read(eventsUrl(), { token, lengths });
          let count = 0;
          for (const { do: what, about, to } of acts) {
            count += 1;
            const caseId = `C-${run}-${about}`;
            if (what === "write")
              await around.write({ key: `${run}-${count}`, caseId, person: to === 0 ? me : other });
            if (what === "show") {
              const state = ["waiting", "carrying-out", "officer", "completed"][to % 4];
              await around.show(caseId, { state, at: around.now + count });
            }
            if (what === "answer")
              await around.answer(me, about + 1, { answer: MESSAGE.answers[to] ?? "accept" });
          }
          // One more thing, by which the reader knows that there is no more to come.
          await around.write({ key: `${run}-last`, caseId: `C-${run}-last`, person: me });
          const page = await around.inboxOf(me, "?limit=100");
          known.endAt(page.changes);
          await reading;
          expect(known.ids).to.deep.equal([...new Set(known.ids)].sort((a, b) => a - b));
          expect(known.ids.at(-1)).to.equal(page.changes);
          expect([...known.messages.values()].sort((a, b) => b.number - a.number)).to.deep.equal(
            page.messages,
          );
          expect([...known.cases.values()].sort(byCase)).to.deep.equal([...page.cases].sort(byCase));
          // Whoever comes now gets each thing once.
          const late = new Known();
          late.endAt(page.changes);
          await late.read(eventsUrl(), { token, lengths: [] });
          expect(late.things).to.deep.equal([...new Set(late.things)]);
          expect(late.messages.size).to.equal(page.messages.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("goes on from the page that was read before, and misses nothing in between", async () => {
    await around.write();
    const { changes } = await around.inboxOf(AN);
    await around.write({ key: "m-2", caseId: "C-2" });
    const stream = readEvents(eventsUrl(`?after=${changes}`), { token: await around.person(AN) });
    const first = await stream.next();
    expect(first.value).to.deep.include({ event: "message" });
    expect((first.value as StreamEvent | undefined)?.data).to.include({ number: 2, caseId: "C-2" });
    await around.answer(AN, 2, { answer: "accept" });
    expect(((await stream.next()).value as StreamEvent | undefined)?.data).to.deep.include({
      ...{ number: 2, given: { answer: "accept", at: around.now } },
    });
    await stream.return();
  });

  it("tells people of their own inbox alone", async () => {
    const stream = readEvents(eventsUrl(), { token: await around.person(BINH) });
    const first = stream.next();
    await around.write();
    await around.write({ key: "m-2", person: BINH, caseId: "C-2" });
    expect(((await first).value as StreamEvent | undefined)?.data).to.include({ number: 1, caseId: "C-2" });
    await stream.return();
  });

  it("says that everything is to be read anew when the reader knows more than there is", async () => {
    await around.write();
    const stream = readEvents(eventsUrl(), { token: await around.person(AN), lastEventId: "99" });
    expect((await stream.next()).value).to.deep.equal({ id: "0", event: "reset", data: {} });
    expect((await stream.next()).value).to.include({ id: "1", event: "message" });
    await stream.return();
  });

  it("ends with the token, and with the service", async () => {
    await around.write();
    const ended = async (): Promise<readonly string[]> => {
      const ids: string[] = [];
      const stream = readEvents(eventsUrl(), { token: await around.person(AN) });
      for await (const { id } of stream) {
        ids.push(id);
        if (id === "1") opened();
      }
      return ids;
    };
    let opened = (): void => undefined;
    const byToken = new Promise<void>((resolve) => (opened = resolve));
    const first = ended();
    await byToken;
    around.now += 3_600_000;
    expect(await first).to.deep.equal(["1"]);
    const byService = new Promise<void>((resolve) => (opened = resolve));
    const second = ended();
    await byService;
    await around.restart();
    expect(await second).to.deep.equal(["1"]);
  });

  it("opens so many streams for a person, and forgets those that ended", async () => {
    const token = await around.person(AN);
    await around.write();
    const opened = async (): Promise<() => void> => {
      const end = new AbortController();
      const { done } = await readEvents(eventsUrl(), { token, signal: end.signal }).next();
      if (done === true) throw new Error("the stream is not open");
      return () => end.abort();
    };
    const open = await Promise.all(Array.from({ length: 8 }, opened));
    expect(codeOf(await around.ask("GET", "/v1/messages/events", { token }))).to.equal("too-many-open");
    open.pop()?.();
    // The service hears of an end a moment later.
    let again = await opened().catch(() => undefined);
    while (again === undefined) again = await opened().catch(() => undefined);
    for (const close of [...open, again]) close();
  });

  it("reads no further than a reader takes, and lets go of one who takes nothing", async () => {
    let given = 0;
    const text = "x".repeat(4_000);
    const server = createServer((_request, response) => {
      const changes = Array.from({ length: 50 }, () => {
        given += 1;
        const gone = { agency: text, caseId: "C-1" };
        return { number: given, change: { kind: "gone" as const, gone } };
      });
      const source = {
        changes: async () => ({
          changes: changes.map((each) => ({ ...each, number: (given += 1) })),
          isBehind: false,
        }),
        listen: () => () => undefined,
      };
      const closing = new AbortController().signal;
      const options = { after: 0, closing, isOpen: () => true, heartbeatMs: 10_000, stallMs: 200 };
      void streamChanges(response, source, options).then(() => server.emit("let go"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(server, "let go");
    // What the two sockets hold, which is the system's; everything there is would never end.
    expect(given * text.length).to.be.below(32 * 1024 * 1024);
    socket.destroy();
    server.close();
  });
});

function numbered(number: number): { readonly scheme: "vn-cccd"; readonly id: string } {
  return { scheme: "vn-cccd", id: `9991${String(number).padStart(8, "0")}` };
}

function byCase(a: ShownCase, b: ShownCase): number {
  return a.caseId < b.caseId ? -1 : 1;
}
