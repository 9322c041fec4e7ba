import { expect } from "chai";
import { patiently } from "../../cli/patience.ts";

interface Said {
  readonly status: number;
  readonly retryAfter?: string;
  readonly date?: string;
}

/** What comes of a server that answers so, one after the other, and what was waited for in between. */
async function asked(
  answers: readonly Said[],
  longestMs = 600_000,
): Promise<{ status: number; waited: number[]; times: number }> {
  const waited: number[] = [];
  let times = 0;
  const ask = (): Promise<Response> => {
    const { status, retryAfter, date }: Said = answers[times++] ?? { status: 200 };
    const headers = new Headers();
    if (retryAfter !== undefined) headers.set("retry-after", retryAfter);
    if (date !== undefined) headers.set("date", date);
    return Promise.resolve(new Response("body", { status, headers }));
  };
  const sleep = (milliseconds: number): Promise<void> => {
    waited.push(milliseconds);
    return Promise.resolve();
  };
  const { status } = await patiently(ask, { timeoutMs: 1000, longestMs, sleep });
  return { status, waited, times };
}

describe("cli/patience", () => {
  it("asks again after as long as the server says", async () => {
    const answers = [{ status: 429, retryAfter: "7" }, { status: 503, retryAfter: "2" }, { status: 200 }];
    expect(await asked(answers)).to.deep.equal({ status: 200, waited: [7000, 2000], times: 3 });
  });

  it("waits a while where the server says nothing usable, and never hurries", async () => {
    const answers = [{ status: 429 }, { status: 429, retryAfter: "soon" }, { status: 429, retryAfter: "0" }];
    expect((await asked(answers)).waited).to.deep.equal([5000, 5000, 1000]);
  });

  it("reads the date of HTTP, by the server's own clock", async () => {
    const [date, retryAfter] = ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:29:30 GMT"];
    expect((await asked([{ status: 503, retryAfter, date }])).waited).to.deep.equal([90_000]);
    const past = { status: 503, retryAfter: date, date: retryAfter };
    expect((await asked([past, { status: 503, retryAfter }])).waited).to.deep.equal([1000, 5000]);
  });

  it("takes any other answer as it is, a 503 without a time too", async () => {
    for (const status of [200, 401, 404, 500, 503])
      expect(await asked([{ status }])).to.deep.equal({ status, waited: [], times: 1 });
  });

  it("waits no longer than it may altogether", async () => {
    const often = Array.from({ length: 10 }, () => ({ status: 429, retryAfter: "4" }));
    expect(await asked(often, 10_000)).to.deep.equal({ status: 429, waited: [4000, 4000], times: 3 });
    expect((await asked([{ status: 429, retryAfter: "999999999" }])).times).to.equal(1);
  });

  it("stops waiting when it is interrupted, with the answer it has", async () => {
    const interruption = AbortSignal.abort();
    const ask = (): Promise<Response> => Promise.resolve(new Response("", { status: 429 }));
    const { status } = await patiently(ask, { timeoutMs: 1000, longestMs: 600_000, interruption });
    expect(status).to.equal(429);
  });
});
