import { type ComponentType, useState } from "react";

import { ApiError } from "../api/error.ts";

/** What opens over a page, loaded apart from it: nobody waits for an explanation to read the page. */
export const loadMeaning = async () => (await import("./meaning.tsx")).default;
export const loadQuestion = async () => (await import("./question.tsx")).default;

/** Loads what opens over pages, so that it is there when it is asked for, also without a network. */
export async function loadOverlays(): Promise<void> {
  await Promise.all([loadMeaning(), loadQuestion()]);
}

/**
 * Something that opens over the page once it is loaded. Where that fails, the page stays as it is, with the `error`, and `open` tries anew; a browser that
 * remembers the failure has to load the page again, which the error says.
 */
export function useOverlay<Props>(load: () => Promise<ComponentType<Props>>) {
  const [state, setState] = useState<{
    readonly Overlay?: ComponentType<Props>;
    readonly error?: ApiError;
  }>({});
  const open = async (): Promise<void> => {
    try {
      const Overlay = await load();
      setState({ Overlay });
    } catch (cause) {
      setState({ error: new ApiError("part-not-loaded", "a part of the page did not load", { cause }) });
    }
  };
  return { ...state, open, close: () => setState({}) };
}
