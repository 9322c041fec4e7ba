import type { Page } from "playwright-core";

/** What the page of a person's data says when all of it was verified, and what its button is called. */
const GOOD = "Đã kiểm tra: không thiếu, không sửa";
const AGAIN = "Tải và kiểm tra lại";

/** Within this even a slow machine has verified a long statement; whatever takes longer is not going to come. */
const MOST_MS = 60_000;

/**
 * Presses the button that fetches and verifies the statement anew, so many times: milliseconds from the press until the verdict and the first lines are drawn, as the page's own
 * clock has it. The page of the person's data is open and shows the verdict, in Vietnamese.
 */
export async function timesOfRefresh(page: Page, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const time: unknown = await page.evaluate(`new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("no verdict within ${MOST_MS} ms")), ${MOST_MS});
      const button = [...document.querySelectorAll("main button")].find(({ textContent }) => textContent.includes("${AGAIN}"));
      const begun = performance.now();
      let isGone = false;
      const look = () => {
        const isShown = document.querySelector(".timeline li") !== null && document.body.textContent.includes("${GOOD}");
        isGone ||= !isShown;
        if (isGone && isShown) requestAnimationFrame(() => resolve(performance.now() - begun));
        else requestAnimationFrame(look);
      };
      button.click();
      look();
    })`);
    times.push(Number(time));
  }
  return times.sort((a, b) => a - b);
}
