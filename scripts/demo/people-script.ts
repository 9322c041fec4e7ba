import type { Answer, ShownMessage } from "../../proactive/inbox/message.ts";
import type { Population } from "../../proactive/population/population.ts";
import { random } from "../../proactive/population/random.ts";
import { ask, demand, messagesOf } from "./calls.ts";
import { residentId } from "./people.ts";
import type { Province } from "./province.ts";

/** How often people do what, of a hundred who were told something that they can answer. */
const HABITS = [
  ["accept", 72],
  ["later", 8],
  ["decline", 8],
  ["correct", 6],
  ["object", 6],
] as const satisfies readonly (readonly [Answer, number])[];
const CONSENT_DAYS = 30;
const DAY_MS = 86_400_000;

/** The people of a population: whoever is rung up looks into their inbox and answers. */
export interface People {
  /** Everybody who was rung up since the last time looks, and answers what can be answered. Resolves with how many answered. */
  readonly look: () => Promise<number>;
}

/**
 * People who do what such people do: the same seed makes the same choices. Who says "later" accepts when they are told again; who objects tells it the
 * ledger's desk too, so that it holds for the next time; who gets a building permit consents to what the utilities need, some to one of them only.
 */
export function people(province: Province, { persons }: Population, seed: number): People {
  const { inboxUrl, ledgerUrl, gateway, signOn } = province;
  const byPhone = new Map(
    persons.flatMap(({ phone }, at) => (phone === undefined ? [] : [[phone, residentId(at)] as const])),
  );
  let read = 0;

  /** Chosen by the case, so that nobody else's doings change it. */
  function choice({ caseId }: ShownMessage, told: number): Answer {
    const answer = random(seed, `answer ${caseId}`).weighted<Answer>(HABITS);
    return answer === "later" && told > 1 ? "accept" : answer;
  }

  async function answer(person: string, message: ShownMessage, told: number): Promise<boolean> {
    const token = await signOn.tokenOf(person);
    const chosen = choice(message, told);
    if (chosen === "object")
      await demand(`${ledgerUrl}/v1/objections`, token, { procedure: message.procedure });
    if (chosen === "accept" && message.procedure === "BUILD_PERMIT") await consent(token, message);
    const { status } = await ask(`${inboxUrl}/v1/messages/${message.number}/answer`, token, {
      answer: chosen,
      ...(chosen === "correct" && { correction: { category: "pd:Name", note: "Tên tôi viết không đúng." } }),
    });
    return status === 200;
  }

  async function consent(token: string, { caseId }: ShownMessage): Promise<void> {
    const { version } = await demand(`${ledgerUrl}/v1/catalogue`, token);
    const isOfBoth = random(seed, `consent ${caseId}`).perMille(500);
    await demand(`${ledgerUrl}/v1/consents`, token, {
      ...{
        state: "ConsentGiven",
        procedure: "BUILD_PERMIT",
        controller: "qn-construction",
        catalogue: version,
      },
      recipients: isOfBoth ? ["qn-electricity", "qn-water"] : ["qn-electricity"],
      personalData: ["pd:Name", "pd:PhysicalAddress"],
      ...{ notice: "connection-2026-1", language: "vi" },
      validUntil: new Date(Date.now() + CONSENT_DAYS * DAY_MS).toISOString(),
    });
  }

  return {
    look: async () => {
      const rung = new Set(gateway.sent.slice(read).flatMap(({ to }) => byPhone.get(to) ?? []));
      read = gateway.sent.length;
      let answered = 0;
      for (const person of rung) {
        const messages = await messagesOf(inboxUrl, await signOn.tokenOf(person));
        for (const message of messages.filter(
          ({ answers, given }) => given === undefined && answers.length > 0,
        )) {
          const told = messages.filter(({ caseId }) => caseId === message.caseId).length;
          if (await answer(person, message, told)) answered += 1;
        }
      }
      return answered;
    },
  };
}
