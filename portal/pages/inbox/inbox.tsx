import { useTranslation } from "react-i18next";

import { type Case, useInboxChanges, useMessages } from "../../api/inbox.ts";
import { useSession } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { Explained } from "../../parts/term.tsx";
import { MessageCard } from "./message.tsx";
import { PreferencesForm } from "./preferences.tsx";

/** What agencies wrote to the person of their own accord, and what came of it. */
export default function Inbox() {
  const { t } = useTranslation("inbox");
  return (
    <div className="stack">
      <title>{`${t("title")} · Minh Bạch`}</title>
      <h1>{t("title")}</h1>
      <Answered of={useSession()}>
        {({ inbox }) =>
          inbox ? (
            <Messages />
          ) : (
            <Empty icon="inbox" title={t("notHere")}>
              <p>{t("notHereWhy")}</p>
            </Empty>
          )
        }
      </Answered>
    </div>
  );
}

function Messages() {
  const { t } = useTranslation("inbox");
  const { t: shell } = useTranslation();
  const messages = useMessages();
  useInboxChanges(messages.data?.pages[0]?.changes);
  return (
    <>
      <p>
        <Explained text={t("lead")} />
      </p>
      <Answered of={messages}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.messages);
          const cases = new Map(pages.flatMap((page) => page.cases).map((each) => [keyOf(each), each]));
          if (all.length === 0)
            return (
              <Empty icon="inbox" title={t("none")}>
                <p>{t("noneWhy")}</p>
              </Empty>
            );
          return (
            <div className="stack">
              <p className="quiet small">{t("live")}</p>
              <p className="for-readers" role="status">
                {t("shown", { number: all.length })}
              </p>
              <ul role="list" className="stack">
                {all.map((message) => (
                  <MessageCard key={message.number} message={message} matter={cases.get(keyOf(message))} />
                ))}
              </ul>
              {messages.hasNextPage && (
                <div>
                  <Button
                    isDisabled={messages.isFetchingNextPage}
                    onPress={() => void messages.fetchNextPage()}
                  >
                    {shell("more")}
                  </Button>
                </div>
              )}
            </div>
          );
        }}
      </Answered>
      <Disclosure title={t("preferences.title")}>
        <PreferencesForm />
      </Disclosure>
    </>
  );
}

function keyOf({ agency, caseId }: Pick<Case, "agency" | "caseId">): string {
  return `${agency} ${caseId}`;
}
