import { type ComponentType, lazy, type LazyExoticComponent } from "react";

import type { SignedOnRole } from "../api/session.ts";
import type { IconName } from "../parts/icon.tsx";
import type { Words } from "../words/vi/index.ts";

/** A page of the portal. Add pages here; whose pages they are decides who is asked to sign on. */
export interface Place {
  /** Below `/portal`, as wouter matches it. No path and no query names a person. */
  readonly path: string;
  /** Whose it is; without it, everybody's. */
  readonly role?: SignedOnRole;
  /** Its place in the navigation; without it, it is reached from another page. */
  readonly nav?: { readonly name: keyof Words["shell"]["pages"]; readonly icon: IconName };
  /** Loaded when it is first shown. */
  readonly page: LazyExoticComponent<ComponentType>;
}

/** In the order of the navigation. Where people begin stands in `starts.ts`. */
export const PLACES: readonly Place[] = [
  { path: "/", page: lazy(() => import("../pages/home/home.tsx")) },
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
];

/** What is in the navigation of somebody with this role; null for the public. */
export function placesFor(role: SignedOnRole | null): readonly Place[] {
  return PLACES.filter(
    (place) => place.nav !== undefined && (place.role === undefined || place.role === role),
  );
}
