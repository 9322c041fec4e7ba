import { lazy } from "react";

const loadMeaning = async () => await import("./meaning.tsx");
const loadQuestion = async () => await import("./question.tsx");

/** What opens over a page, loaded apart from it: nobody waits for an explanation to read the page. */
export const Meaning = lazy(loadMeaning);
export const Question = lazy(loadQuestion);

/** Loads what opens over pages, so that it is there when it is asked for, also without a network. */
export async function loadOverlays(): Promise<void> {
  await Promise.all([loadMeaning(), loadQuestion()]);
}
