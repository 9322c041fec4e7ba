import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { I18nextProvider, useTranslation } from "react-i18next";
import type { i18n } from "i18next";
import { Route, Router, Switch, useLocation } from "wouter";

import { newQueryClient } from "../api/queries.ts";
import { ButtonLink } from "../parts/button.tsx";
import { Empty, Loading } from "../parts/states.tsx";
import { Fence } from "./fence.tsx";
import { Gate } from "./gate.tsx";
import { type Place, PLACES } from "./places.ts";
import { Shell } from "./shell.tsx";

const BASE = "/portal";

export function App({ words }: { readonly words: i18n }) {
  const [queries] = useState(newQueryClient);
  return (
    <I18nextProvider i18n={words}>
      <QueryClientProvider client={queries}>
        <Router base={BASE}>
          <Pages />
        </Router>
      </QueryClientProvider>
    </I18nextProvider>
  );
}

function Pages() {
  const { i18n } = useTranslation();
  const [location, navigate] = useLocation();
  return (
    <I18nProvider locale={i18n.language === "en" ? "en-GB" : "vi-VN"}>
      <RouterProvider navigate={navigate} useHref={(href) => `${BASE}${href}`}>
        <Shell>
          <Fence key={location}>
            <Suspense fallback={<Loading />}>
              <Switch>
                {PLACES.map((place) => (
                  <Route key={place.path} path={place.path}>
                    <Shown place={place} />
                  </Route>
                ))}
                <Route>
                  <NoPage />
                </Route>
              </Switch>
            </Suspense>
          </Fence>
        </Shell>
      </RouterProvider>
    </I18nProvider>
  );
}

function Shown({ place: { role, also, page: Page } }: { readonly place: Place }) {
  if (role === undefined) return <Page />;
  return (
    <Gate role={role} also={also}>
      <Page />
    </Gate>
  );
}

function NoPage() {
  const { t } = useTranslation();
  return (
    <Empty isPage icon="question" title={t("noPage")}>
      <p>{t("noPageWhy")}</p>
      <ButtonLink href="/">{t("toStart")}</ButtonLink>
    </Empty>
  );
}
