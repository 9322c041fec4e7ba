import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { Disclosure } from "../../parts/disclosure.tsx";
import { Loading } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import type { Drawing } from "./chart.tsx";
import type { Row } from "./figures.ts";
import { Table } from "./table.tsx";

/** Loaded when the first one is shown: nobody else carries the library. */
const Chart = lazy(() => import("./chart.tsx"));

/** A column of the figures, in a colour of the palette. */
export interface Column {
  readonly name: string;
  readonly tone: string;
}

/** A picture of figures, and the table of the same. */
export function ChartCard(props: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly kind?: Drawing["kind"];
  /** What the rows are. */
  readonly item: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly nameOf: (key: string) => string;
  /** What is said where there is nothing to draw. */
  readonly empty?: string;
}) {
  const { title, lead, kind = "bars", item, columns, rows, nameOf, empty } = props;
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const drawing = drawingOf({ title, kind, columns, rows, nameOf });
  return (
    <section className="card stack-tight">
      <h2>{title}</h2>
      {lead !== undefined && <p className="quiet small">{lead}</p>}
      {rows.length === 0 ? (
        <p>{empty ?? t("overview.empty")}</p>
      ) : (
        <>
          <Suspense fallback={<Loading />}>
            <Drawn drawing={drawing} />
          </Suspense>
          <Disclosure title={t("overview.asTable", { title })}>
            <Table
              name={title}
              head={[item, ...columns.map(({ name }) => name)]}
              rows={rows.map(({ key, values }) => ({ key, cells: [nameOf(key), ...values.map(count)] }))}
            />
          </Disclosure>
        </>
      )}
    </section>
  );
}

/** Drawn anew only when it is another picture. */
function Drawn({ drawing }: { readonly drawing: Drawing }) {
  const text = JSON.stringify(drawing);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the text is the drawing
  const same = useMemo(() => drawing, [text]);
  return <Chart drawing={same} />;
}

function drawingOf({
  title,
  kind,
  columns,
  rows,
  nameOf,
}: {
  readonly title: string;
  readonly kind: Drawing["kind"];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly nameOf: (key: string) => string;
}): Drawing {
  return {
    ...{ kind, name: title },
    labels: rows.map(({ key }) => nameOf(key)),
    series: columns.map(({ name, tone }, at) => ({
      ...{ name, tone },
      values: rows.map(({ values }) => values[at] ?? 0),
    })),
  };
}
