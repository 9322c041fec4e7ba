import { lazy } from "react";
import { Route, Switch } from "wouter";

/** The pages of those who oversee, by their path; whose they are says app/places.ts. */
const PAGES = [
  ["/agency", lazy(() => import("../officer/agency.tsx"))],
  ["/oversight", lazy(() => import("./overview.tsx"))],
  ["/queues", lazy(() => import("./queues.tsx"))],
  ["/queues/:name", lazy(() => import("./queue.tsx"))],
  ["/received-complaints", lazy(() => import("./complaints.tsx"))],
  ["/received-complaints/:id", lazy(() => import("./complaint.tsx"))],
  ["/findings", lazy(() => import("./findings.tsx"))],
  ["/findings/:id", lazy(() => import("./finding.tsx"))],
  ["/findings/:id/notification", lazy(() => import("./notification.tsx"))],
  ["/search", lazy(() => import("./search.tsx"))],
  ["/officials", lazy(() => import("./official.tsx"))],
  ["/seals", lazy(() => import("./seals.tsx"))],
  ["/seals/new", lazy(() => import("./seal-new.tsx"))],
  ["/seals/new/:indexes", lazy(() => import("./seal-new.tsx"))],
  ["/seals/of/:agency/:id", lazy(() => import("./seal.tsx"))],
  ["/samples", lazy(() => import("./samples.tsx"))],
  ["/samples/:index", lazy(() => import("./sample.tsx"))],
  ["/bundles", lazy(() => import("./bundle.tsx"))],
  ["/bundles/:indexes", lazy(() => import("./bundle.tsx"))],
] as const;

/** The page at this address. */
export default function OversightPages() {
  return (
    <Switch>
      {PAGES.map(([path, Page]) => (
        <Route key={path} path={path}>
          <Page />
        </Route>
      ))}
    </Switch>
  );
}
