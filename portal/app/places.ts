import { type ComponentType, lazy, type LazyExoticComponent } from "react";

import type { SignedOnRole } from "../api/session.ts";
import type { IconName } from "../parts/icon.tsx";
import { addFurtherWords } from "../words/i18n.ts";
import type { Words } from "../words/vi/index.ts";

/** A page of the portal. Add pages here; whose pages they are decides who is asked to sign on. */
export interface Place {
  /** Below `/portal`, as wouter matches it. No path and no query names a person. */
  readonly path: string;
  /** Whose it is; without it, everybody's. */
  readonly role?: SignedOnRole;
  /** Who else it is for. */
  readonly also?: SignedOnRole;
  /** Its place in the navigation; without it, it is reached from another page. */
  readonly nav?: { readonly name: keyof Words["shell"]["pages"]; readonly icon: IconName };
  /** Loaded when it is first shown. */
  readonly page: LazyExoticComponent<ComponentType>;
}

/** A page whose words are not among those that every page has. */
function further(load: () => Promise<{ default: ComponentType }>): LazyExoticComponent<ComponentType> {
  return lazy(async () => {
    const [page] = await Promise.all([load(), addFurtherWords()]);
    return page;
  });
}

/** One for all of them: their pages are loaded from there, so that citizens do not carry the list. */
const OVERSIGHT = further(() => import("../pages/inspector/pages.tsx"));

/** In the order of the navigation. Where people begin stands in `starts.ts`. */
export const PLACES: readonly Place[] = [
  { path: "/", page: lazy(() => import("../pages/home/home.tsx")) },
  {
    path: "/log",
    nav: { name: "log", icon: "clock" },
    page: further(() => import("../pages/log/log.tsx")),
  },
  {
    path: "/statistics",
    nav: { name: "statistics", icon: "inspect" },
    page: further(() => import("../pages/statistics/statistics.tsx")),
  },
  {
    path: "/my-data",
    role: "citizen",
    nav: { name: "data", icon: "eye" },
    page: lazy(() => import("../pages/data/data.tsx")),
  },
  { path: "/my-data/print", role: "citizen", page: lazy(() => import("../pages/data/print.tsx")) },
  {
    path: "/inbox",
    role: "citizen",
    nav: { name: "inbox", icon: "inbox" },
    page: lazy(() => import("../pages/inbox/inbox.tsx")),
  },
  {
    path: "/consents",
    role: "citizen",
    nav: { name: "consents", icon: "consent" },
    page: lazy(() => import("../pages/consents/consents.tsx")),
  },
  { path: "/consents/new", role: "citizen", page: lazy(() => import("../pages/consents/new.tsx")) },
  {
    path: "/complaints",
    role: "citizen",
    nav: { name: "complaints", icon: "complaint" },
    page: lazy(() => import("../pages/complaints/complaints.tsx")),
  },
  {
    path: "/complaints/new/:index",
    role: "citizen",
    page: lazy(() => import("../pages/complaints/new.tsx")),
  },
  { path: "/complaints/:id", role: "citizen", page: lazy(() => import("../pages/complaints/complaint.tsx")) },
  {
    path: "/agency",
    role: "officer",
    nav: { name: "agency", icon: "shield" },
    page: OVERSIGHT,
  },
  {
    path: "/oversight",
    ...{ role: "inspector", also: "officer" },
    nav: { name: "overview", icon: "eye" },
    page: OVERSIGHT,
  },
  {
    path: "/queues",
    ...{ role: "inspector", also: "officer" },
    nav: { name: "queues", icon: "inbox" },
    page: OVERSIGHT,
  },
  {
    path: "/queues/:name",
    ...{ role: "inspector", also: "officer" },
    page: OVERSIGHT,
  },
  {
    path: "/received-complaints",
    ...{ role: "inspector", also: "officer" },
    nav: { name: "received", icon: "complaint" },
    page: OVERSIGHT,
  },
  {
    path: "/received-complaints/:id",
    ...{ role: "inspector", also: "officer" },
    page: OVERSIGHT,
  },
  {
    path: "/findings",
    ...{ role: "inspector", also: "officer" },
    page: OVERSIGHT,
  },
  {
    path: "/findings/:id",
    ...{ role: "inspector", also: "officer" },
    page: OVERSIGHT,
  },
  {
    path: "/findings/:id/notification",
    ...{ role: "inspector", also: "officer" },
    page: OVERSIGHT,
  },
  {
    path: "/search",
    ...{ role: "inspector", also: "officer" },
    nav: { name: "search", icon: "inspect" },
    page: OVERSIGHT,
  },
  {
    path: "/officials",
    ...{ role: "inspector", also: "officer" },
    nav: { name: "officials", icon: "people" },
    page: OVERSIGHT,
  },
  {
    path: "/seals",
    role: "inspector",
    nav: { name: "seals", icon: "lock" },
    page: OVERSIGHT,
  },
  {
    path: "/seals/new",
    role: "inspector",
    page: OVERSIGHT,
  },
  {
    path: "/seals/new/:indexes",
    role: "inspector",
    page: OVERSIGHT,
  },
  {
    path: "/seals/of/:agency/:id",
    role: "inspector",
    page: OVERSIGHT,
  },
  {
    path: "/samples",
    role: "inspector",
    nav: { name: "samples", icon: "question" },
    page: OVERSIGHT,
  },
  {
    path: "/samples/:index",
    role: "inspector",
    page: OVERSIGHT,
  },
  {
    path: "/bundles",
    role: "inspector",
    nav: { name: "bundles", icon: "shield" },
    page: OVERSIGHT,
  },
  {
    path: "/bundles/:indexes",
    role: "inspector",
    page: OVERSIGHT,
  },
];

/** What is in the navigation of somebody with this role; null for the public, whose pages everybody else finds at the foot of each page. */
export function placesFor(role: SignedOnRole | null): readonly Place[] {
  return PLACES.filter(
    (place) =>
      place.nav !== undefined &&
      ((place.role ?? null) === role || (place.also !== undefined && place.also === role)),
  );
}
