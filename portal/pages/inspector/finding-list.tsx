import { useTranslation } from "react-i18next";

import type { Finding, useFindingList } from "../../api/findings.ts";
import type { QueueItem } from "../../api/queues.ts";
import { Button } from "../../parts/button.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { WorkItem } from "./work-item.tsx";

/** Findings, page by page. `none`: what is said where there are none. */
export function FindingList(props: {
  readonly of: ReturnType<typeof useFindingList>;
  readonly none: string;
}) {
  const { of, none } = props;
  const { t: shell } = useTranslation();
  return (
    <>
      <Answered of={of}>
        {(findings) =>
          findings.length === 0 && !of.hasNextPage ? (
            <Empty title={none} />
          ) : (
            <ol role="list" className="stack">
              {findings.map((finding) => (
                <WorkItem key={finding.id} what="finding" item={asItem(finding)} />
              ))}
            </ol>
          )
        }
      </Answered>
      {of.hasNextPage && (
        <div>
          <Button isDisabled={of.isFetchingNextPage} onPress={() => void of.fetchNextPage()}>
            {shell("more")}
          </Button>
        </div>
      )}
    </>
  );
}

function asItem({ id, kind, state, since, agency, notifyBy, notifiedAt, evidence }: Finding): QueueItem {
  const { index } = evidence;
  return {
    ...{ id, kind, state, since },
    ...(agency !== undefined && { agency }),
    ...(notifyBy !== undefined && notifiedAt === undefined && { due: notifyBy }),
    ...(typeof index === "number" && { index }),
  };
}
