import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

/** After going to another page the reading begins at its top, as it would with a new document. */
export function useFocusOnMove() {
  const [location] = useLocation();
  const [begun] = useState(location);
  const main = useRef<HTMLElement>(null);
  const hasMoved = useRef(false);
  useEffect(() => {
    if (location === begun && !hasMoved.current) return;
    hasMoved.current = true;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [location, begun]);
  return main;
}

/** What has a heading of its own. */
const PARTS = "li, section, form, main";
const HEADINGS = "h1, h2, h3, h4";

/**
 * What a person presses often goes away by that: an answer is given, and its buttons are gone. The browser would leave the keyboard and the screen
 * reader nowhere; here they go on at the heading of what was around it.
 */
export function useFocusKept(): void {
  useEffect(() => {
    let last: Element | undefined;
    let around: readonly Element[] = [];
    const remember = ({ target }: FocusEvent): void => {
      last = target instanceof Element && target.closest("main") !== null ? target : undefined;
      around = last === undefined ? [] : partsAround(last);
    };
    // Whoever presses somewhere else has left it.
    const forget = (): void => void (last = undefined);
    const changes = new MutationObserver(() => {
      if (last === undefined || document.activeElement !== document.body) return;
      if (!last.isConnected) goOnAt(around.find(({ isConnected }) => isConnected));
      // A button is off while it works, which takes the focus from it.
      else if (last instanceof HTMLButtonElement && !last.disabled) last.focus();
    });
    addEventListener("focusin", remember);
    addEventListener("pointerdown", forget, true);
    changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    return () => {
      removeEventListener("focusin", remember);
      removeEventListener("pointerdown", forget, true);
      changes.disconnect();
    };
  }, []);
}

/** From the inside out. */
function partsAround(element: Element): Element[] {
  const parts: Element[] = [];
  for (let part = element.parentElement?.closest(PARTS); part; part = part.parentElement?.closest(PARTS))
    parts.push(part);
  return parts;
}

function goOnAt(part: Element | undefined): void {
  const place = part?.querySelector<HTMLElement>(HEADINGS) ?? document.querySelector("main");
  if (place?.hasAttribute("tabindex") === false) place.tabIndex = -1;
  place?.focus();
}
