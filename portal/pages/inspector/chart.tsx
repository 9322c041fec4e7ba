import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as ChartJs,
  type ChartConfiguration,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
} from "chart.js";
import { useEffect, useRef } from "react";

ChartJs.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
);

export interface Drawing {
  readonly kind: "bars" | "line";
  /** What the picture is called. */
  readonly name: string;
  readonly labels: readonly string[];
  /** Stacked on one another in this order. `tone` is a custom property of the palette. */
  readonly series: readonly {
    readonly name: string;
    readonly tone: string;
    readonly values: readonly number[];
  }[];
}

/** The browser's usual size of text, for which the sizes here are; a person may have set another. */
const USUAL_TEXT_PX = 16;
/** Pixels that a bar takes with what is around it, and what stands above and below the bars. */
const BAR = 52;
const FRAME = 84;
const LINE_HEIGHT = 240;
const LABEL = 13;

/** A picture of numbers. They stand in a table beside it: a canvas says nothing to readers of the screen. */
export default function Chart({ drawing }: { readonly drawing: Drawing }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    let chart: ChartJs | undefined;
    const draw = (): void => {
      chart?.destroy();
      if (canvas.current !== null) chart = new ChartJs(canvas.current, configuration(drawing));
    };
    const height = drawing.kind === "line" ? LINE_HEIGHT : FRAME + BAR * drawing.labels.length;
    box.current?.style.setProperty("block-size", `${height * textScale()}px`);
    draw();
    scheme.addEventListener("change", draw);
    return () => {
      scheme.removeEventListener("change", draw);
      chart?.destroy();
    };
  }, [drawing]);
  return (
    <div className="chart" ref={box}>
      <canvas ref={canvas} role="img" aria-label={drawing.name} />
    </div>
  );
}

/** How much larger than usual this person's text is (WCAG 1.4.4). */
function textScale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_TEXT_PX;
}

/** Characters of a label that stand in one line beside its bar. */
const LINE_LENGTH = 18;

/** A label in lines between its words, so that nothing of it is cut off. */
function inLines(label: string): string[] {
  const lines: string[] = [];
  for (const word of label.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < LINE_LENGTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function configuration({ kind, labels, series }: Drawing): ChartConfiguration {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const font = { family: style.getPropertyValue("--font").trim(), size: LABEL * textScale() };
  const ticks = { color: colour("text-quiet"), font };
  const isLine = kind === "line";
  const numbers = { beginAtZero: true, stacked: !isLine, ticks: { ...ticks, precision: 0 } };
  const names = { stacked: !isLine, ticks, grid: { display: false } };
  const grid = { color: colour("line") };
  return {
    type: isLine ? "line" : "bar",
    data: {
      labels: isLine ? [...labels] : labels.map(inLines),
      datasets: series.map(({ name, tone, values }) => ({
        ...{ label: name, data: [...values] },
        ...{ backgroundColor: colour(tone), borderColor: colour(tone) },
        ...(isLine
          ? { borderWidth: 2, pointRadius: 2 }
          : { borderRadius: 3, maxBarThickness: 22, borderWidth: 0 }),
      })),
    },
    options: {
      animation: false,
      // Nothing appears under the pointer that could not be closed by keys: the numbers stand in the table.
      events: [],
      maintainAspectRatio: false,
      indexAxis: isLine ? "x" : "y",
      scales: isLine ? { y: { ...numbers, grid }, x: names } : { x: { ...numbers, grid }, y: names },
      plugins: {
        legend: { display: series.length > 1, position: "bottom", labels: { color: colour("text"), font } },
      },
    },
  };
}
