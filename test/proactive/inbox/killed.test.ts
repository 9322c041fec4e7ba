import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { inboxClient } from "../../../proactive/reach/inbox.ts";
import type { ReceivedAnswer, ShownMessage } from "../../../proactive/inbox/message.ts";
import { signed, startIssuer, type TestIssuer } from "../../server/identity/issuer.ts";
import { AN, AUDIENCE, MESSAGE, type Page } from "./around.ts";
import { readEvents } from "./reader.ts";

const KILLS = 6;
const PROGRAM = new URL("process.ts", import.meta.url);

/** An inbox service that is killed again and again, and begun again in its folder. */
class Killed {
  readonly issuer: TestIssuer;
  readonly directory: string;
  url = "";
  /** Resolves once it runs. */
  running: Promise<void> = Promise.resolve();
  #process: ChildProcess | undefined;

  constructor(issuer: TestIssuer, directory: string) {
    [this.issuer, this.directory] = [issuer, directory];
  }

  async begin(): Promise<void> {
    this.running = this.#begun();
    await this.running;
  }

  async #begun(): Promise<void> {
    const child = fork(PROGRAM, [this.directory, this.issuer.url]);
    this.#process = child;
    const [{ url }] = (await once(child, "message")) as [{ url: string }];
    this.url = url;
  }

  /** Kills it, and begins it again in its folder unless it is over. */
  async kill({ again }: { readonly again: boolean }): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    this.running = gone.then(async () => (again ? await this.#begun() : undefined));
    await this.running;
  }

  async token(claims: object): Promise<string> {
    const [key] = this.issuer.keys;
    if (key === undefined) throw new Error("the issuer has no key");
    const iat = Math.floor(Date.now() / 1000);
    const common = { iss: this.issuer.url, aud: AUDIENCE, sub: "s", client_id: "c", jti: "j", iat };
    return await signed({ ...common, exp: iat + 3600, ...claims }, key);
  }
}

describe("proactive/inbox, killed", function () {
  this.timeout(600_000);
  let killed: Killed;
  before(async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "minhbach-inbox-"));
    killed = new Killed(await startIssuer(), directory);
    await killed.begin();
  });
  after(async () => {
    await killed.kill({ again: false });
    await killed.issuer.close();
    await rm(killed.directory, { recursive: true });
  });

  it("has each message and each answer once, and tells each once, whenever it dies", async () => {
    const person = await killed.token({ roles: ["minhbach:citizen"], person_number: AN.id });
    const agency = await killed.token({ roles: ["minhbach:agency"], agency: "qn-police" });
    /** After this nothing more is begun; after that nothing more is waited for. */
    const [enough, stop] = [new AbortController(), new AbortController()];
    const isOver = (): boolean => stop.signal.aborted;
    const written: string[] = [];
    const answered: number[] = [];
    const received: ReceivedAnswer[] = [];
    const told: number[] = [];
    let wake: (() => void)[] = [];
    const happened = (): void => {
      for (const each of wake.splice(0)) each();
    };
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) await new Promise<void>((resolve) => (wake = [...wake, resolve]));
    };
    /** Does the same again until the service says that it is done. */
    async function untilDone<T>(work: () => Promise<T>): Promise<T> {
      for (;;) {
        try {
          return await work();
        } catch {
          await killed.running;
        }
      }
    }

    const client = () => inboxClient({ url: killed.url, token: async () => agency });
    const writing = (async () => {
      const { procedure, text, answers } = MESSAGE;
      for (let count = 1; !enough.signal.aborted; count += 1) {
        const message = { key: `m-${count}`, caseId: `C-${count}`, procedure, text, answers };
        const send = async () => await client().channel.send({ language: "vi", inbox: AN }, message);
        expect(await untilDone(send)).to.equal("delivered");
        written.push(message.key);
        happened();
        // No further ahead than the person reads.
        await until(() => written.length < answered.length + 10);
      }
    })();
    const answering = (async () => {
      for (let number = 1; ; number += 1) {
        await until(() => number <= written.length || enough.signal.aborted);
        if (number > written.length) return;
        const answer = { answer: number % 2 === 0 ? "accept" : "decline" };
        expect(
          await untilDone(async () => await answerTo(killed.url, { number, answer, token: person })),
        ).to.equal(200);
        answered.push(number);
        happened();
      }
    })();
    const pulling = (async () => {
      while (!isOver()) {
        const options = { waitSeconds: 1, signal: stop.signal };
        const answers = await client()
          .answers(received.at(-1)?.number ?? 0, options)
          .catch(() => undefined);
        if (answers === undefined) await killed.running;
        received.push(...(answers ?? []));
        happened();
      }
    })();
    const listening = (async () => {
      while (!isOver()) {
        const lastEventId = told.at(-1);
        const stream = readEvents(`${killed.url}/v1/messages/events`, {
          ...{ token: person, signal: stop.signal },
          ...(lastEventId !== undefined && { lastEventId: String(lastEventId) }),
        });
        for await (const { id } of stream) {
          told.push(Number(id));
          happened();
        }
        await killed.running;
      }
    })();

    for (let kills = 1; kills <= KILLS; kills += 1) {
      // In the middle of what it is doing: after so many more answers, at whatever comes next.
      const next = answered.length + 3 + kills;
      await until(() => answered.length >= next);
      await killed.kill({ again: true });
    }
    enough.abort();
    happened();
    await Promise.all([writing, answering]);
    const changes = written.length + answered.length;
    await until(() => received.length >= answered.length && told.at(-1) === changes);
    stop.abort();
    await Promise.all([pulling, listening]);

    const messages: ShownMessage[] = [];
    for (let before = 1e9; before > 1; before = messages.at(-1)?.number ?? 1) {
      const response = await fetch(`${killed.url}/v1/messages?limit=100&before=${before}`, {
        headers: { authorization: `Bearer ${person}` },
      });
      const page = (await response.json()) as Page;
      expect(page.changes).to.equal(changes);
      messages.push(...page.messages);
    }
    expect(messages.map(({ caseId }) => caseId).reverse()).to.deep.equal(
      written.map((_, at) => `C-${at + 1}`),
    );
    expect(received.map(({ number }) => number)).to.deep.equal(received.map((_, at) => at + 1));
    expect(received.map(({ key }) => key)).to.deep.equal(answered.map((number) => `m-${number}`));
    expect(told).to.deep.equal([...new Set(told)].sort((a, b) => a - b));
  });
});

async function answerTo(
  url: string,
  { number, answer, token }: { readonly number: number; readonly answer: object; readonly token: string },
): Promise<number> {
  const response = await fetch(`${url}/v1/messages/${number}/answer`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(answer),
  });
  await response.arrayBuffer();
  return response.status;
}
