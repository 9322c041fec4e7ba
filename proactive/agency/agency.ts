import path from "node:path";
import { openRecorder, type Recorder } from "../../recorder/index.ts";
import { openCaseStore } from "../cases/case-store.ts";
import { caseEngine, type Engine } from "../cases/engine.ts";
import { personNumbered } from "../exchange/message.ts";
import { serve } from "../exchange/serving.ts";
import { openNoticeOutbox } from "../noticing/outbox.ts";
import { noticeClient } from "../noticing/sending.ts";
import { orderClient } from "../orders/client.ts";
import { openPerformer } from "../orders/performer.ts";
import type { Channel } from "../reach/channel.ts";
import { emailChannel } from "../reach/email.ts";
import { type InboxClient, inboxClient } from "../reach/inbox.ts";
import { smsChannel } from "../reach/sms.ts";
import { type RegisterConfiguration, REGISTERS } from "../registers/configurations.ts";
import { openRegister } from "../registers/durable-register.ts";
import type { Register } from "../registers/register.ts";
import { RULES } from "../rules/rules.ts";
import { addressing } from "./addressing.ts";
import { agencyApplication } from "./application.ts";
import { type Correspondence, openCorrespondence } from "./correspondence.ts";
import { correcting, exchangeOf } from "./exchange.ts";
import { dayIn, type Living, living } from "./living.ts";
import { objecting } from "./objecting.ts";
import type { AgencyOptions } from "./options.ts";
import { agencyRoutes } from "./routes.ts";

/** One agency of the province: its register, its recorder, the procedures that it leads, and its steps in those of others. */
export interface Agency extends Living {
  readonly code: string;
  /** Where it listens. */
  readonly url: string;
  readonly engine: Engine;
  readonly register: Register;
  readonly recorder: Recorder;
  readonly correspondence: Correspondence;
  /** Calls the listener whenever something came that there may be something to do about. */
  readonly onNews: (listener: () => void) => void;
  /** Ends in order: what was begun is finished, what was acknowledged is kept. */
  readonly close: () => Promise<void>;
}

/** Opens an agency on everything it kept, and serves it. Rejects with a RangeError for a code that keeps no register. */
export async function openAgency(options: AgencyOptions): Promise<Agency> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    // The last one opened first: whoever needs another part ends before it.
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    return { ...(await opened(options, closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function opened(
  options: AgencyOptions,
  closing: (() => Promise<void>)[],
): Promise<Omit<Agency, "close">> {
  const { code, world, now, logger, urls } = options;
  const configuration = registerOf(code);
  const client = `${code}/${configuration.code}`;
  const folder = (name: string): string => path.join(options.directory, name);
  const kept = async <T extends { readonly close: () => Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const part = await opening;
    closing.push(part.close);
    return part;
  };
  const news = new Set<() => void>();
  const tell = (): void => news.forEach((listener) => listener());

  const recorder = await kept(
    openRecorder({
      ...{ source: `${code}/r1`, key: options.recorderKey, directory: folder("spool"), logger },
      ...{ ledgerUrl: options.ledgerUrl, trust: options.trust },
      ...(options.lingerMs !== undefined && { lingerMs: options.lingerMs }),
    }),
  );
  const { society, documents } = world;
  const register = await kept(
    openRegister(configuration.code, { directory: folder("register"), society, documents }),
  );
  const exchange = exchangeOf(options, { recorder, register: configuration });
  const inbox = inboxClient({ url: options.inboxUrl, token: exchange.token });
  const store = await kept(openCaseStore(folder("cases")));
  const engine = caseEngine({
    ...{ store, recorder, now, rules: RULES, personOf: personNumbered, read: exchange.read },
    channels: channelsOf(options, inbox),
    objects: objecting(exchange.ask),
    addressesOf: addressing({ register, inbox, world, read: exchange.read, today: () => dayIn(now()) }),
    orders: orderClient({ urls, client, personOf: personNumbered }),
    correct: correcting(exchange.registers, client),
    onChange: ({ id }) => correspondence.changed(id),
  });
  const correspondence = await kept(
    openCorrespondence({
      ...{ directory: folder("correspondence"), inbox, store, now, logger },
      take: async ({ caseId, ...given }) => {
        const taken = await engine.answer(caseId, given);
        return typeof taken === "string" ? taken : undefined;
      },
    }),
  );
  const outbox = await kept(
    openNoticeOutbox({
      ...{ directory: folder("notices"), send: noticeClient({ register, recorder, urls, now }), now },
      onFailure: (lead) => logger.warn({ lead }, "a notice was not taken, and is sent again"),
    }),
  );
  const performer = await kept(
    openPerformer({
      ...{ directory: folder("orders"), register, recorder, now },
      ...{ read: exchange.read, personOf: personNumbered },
    }),
  );
  const routers = agencyRoutes(options, {
    ...{ configuration, register, recorder, engine, performer, exchange, onNews: tell },
  });
  const { url } = await kept(serve(agencyApplication({ routers, recorder, logger }), options.place));
  const parts = { register, engine, correspondence, outbox, agency: code, world, now, logger };
  return {
    ...{ code, url, engine, register, recorder, correspondence, ...living(parts) },
    onNews: (listener) => void news.add(listener),
  };
}

/** @throws RangeError */
function registerOf(code: string): RegisterConfiguration {
  const found = Object.values(REGISTERS).find(({ agency }) => agency === code);
  if (found === undefined) throw new RangeError(`${code} keeps no register`);
  return found;
}

function channelsOf({ sms, email }: AgencyOptions, inbox: InboxClient): readonly Channel[] {
  return [
    inbox.channel,
    ...(sms === undefined ? [] : [smsChannel(sms)]),
    ...(email === undefined ? [] : [emailChannel(email)]),
  ];
}
