import { headersOf } from "../../proactive/exchange/message.ts";
import { dayIn } from "../../proactive/agency/living.ts";
import type { Population } from "../../proactive/population/population.ts";
import type { Province } from "./province.ts";

/** What goes wrong in a demo, on its day, counted from the first one. */
export interface Awkward {
  readonly day: number;
  readonly what: string;
  readonly happens: () => Promise<void>;
}

const HOUR_MS = 3_600_000;

/** What no province is spared: the permit to build, an official who looks, a register that is away. */
export function awkwardDays(province: Province, { persons, households }: Population): readonly Awkward[] {
  const [first, second, third] = households
    .filter(({ members }) => members.length > 2)
    .flatMap(({ members: [head] }) => head ?? []);
  const neighbour = persons.find(({ id }) => id === third) ?? persons[0];

  /** The head of a household builds on their own land; one of them will not let the water utility have their address. */
  async function building(owner: string | undefined): Promise<void> {
    if (owner === undefined) return;
    const serial = owner.slice(-6);
    province.happens({
      ...{ kind: "building-permit", on: dayIn(province.clock.now()), owner },
      ...{ permit: `GPXD-${serial}-D`, parcel: `QSDD-${serial}` },
    });
    await Promise.resolve();
  }

  /** An official asks another agency about a neighbour, without a decision and without a case; then looks the same up in the register at hand. */
  async function curiosity(): Promise<void> {
    if (neighbour === undefined) return;
    const subject = { scheme: "vn-cccd", id: neighbour.id } as const;
    const message = {
      ...{ client: "qn-police/population", messageId: "curious-1", userId: "officer-17" },
      procedure: "POOR_HH",
    };
    await fetch(`${province.agency("qn-social").url}/read`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf(message) },
      body: JSON.stringify({ subject, personalData: ["pd:SocialStatus"] }),
    });
    const half = { type: "access", subject, agent: { id: "officer-17" } } as const;
    const time = { occurred: new Date(province.clock.now()).toISOString() };
    const here = { messageId: "curious-2", client: "qn-police/terminal", service: "qn-police/population" };
    const looked = {
      ...{ ...half, time, purpose: { procedure: "POOR_HH" }, outcome: { code: "success" } },
      data: { action: "R", personalData: ["pd:Residency", "pd:Household"] },
    };
    await province.agency("qn-police").recorder.recordAll([
      {
        ...{ ...half, time, purpose: { procedure: "POOR_HH" }, outcome: { code: "refused" } },
        exchange: { messageId: message.messageId, client: message.client, service: "qn-social/social" },
        data: { action: "R", personalData: ["pd:SocialStatus"] },
      },
      { ...looked, exchange: here },
      { ...looked, exchange: { ...here, side: "provider" } },
    ]);
  }

  /** Whatever needs the social register waits for an hour. */
  async function outage(): Promise<void> {
    await province.stop("qn-social");
    await province.live();
    await province.setTo(province.clock.now() + HOUR_MS);
    await province.live();
    await province.start("qn-social");
  }

  return [
    { day: 3, what: "a permit to build", happens: async () => await building(first) },
    { day: 4, what: "another permit to build", happens: async () => await building(second) },
    { day: 8, what: "an official is curious", happens: curiosity },
    { day: 14, what: "the social register is away for an hour", happens: outage },
  ];
}
