import "./inspector.css";

import { useTranslation } from "react-i18next";

import { useQueues } from "../../api/queues.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Answered } from "../../parts/states.tsx";
import { QueueTile } from "./overview.tsx";

/** Every kind of work, and how much of it waits. */
export default function Queues() {
  const { t } = useTranslation("oversight");
  return (
    <div className="stack">
      <title>{`${t("queues.title")} · Minh Bạch`}</title>
      <h1>{t("queues.title")}</h1>
      <p>{t("queues.lead")}</p>
      <Answered of={useQueues()}>
        {(queues) => (
          <ul role="list" className="tiles">
            {queues.map((queue) => (
              <li key={queue.name}>
                <QueueTile {...queue} />
              </li>
            ))}
          </ul>
        )}
      </Answered>
      <p>
        <ButtonLink href="/findings">{t("queues.allFindings")}</ButtonLink>
      </p>
    </div>
  );
}
