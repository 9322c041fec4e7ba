import "./shell.css";

import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-aria-components";
import { useLocation } from "wouter";

import { type Session, signOnAddress, useSession, useSessionEnd, useSignOff } from "../api/session.ts";
import { LanguageButton, Mark } from "../parts/brand.tsx";
import { Button, ButtonLink } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { useWriting } from "../words/moments.ts";
import { useFocusKept, useFocusOnMove } from "./focus.ts";
import { useNow } from "./now.ts";
import { placesFor } from "./places.ts";

/** How long before its end the page speaks of it. */
const SOON_SECONDS = 180;

/** What is around every page: the name, who is signed on, the pages there are for them, and what everybody should know. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation();
  const { data: session } = useSession();
  const places = placesFor(session?.signedOn?.role ?? null);
  const main = useFocusOnMove();
  useFocusKept();
  useSessionEnd();
  return (
    <div className={places.length > 0 ? "shell has-nav" : "shell"}>
      <header>
        <a className="button skip" href="#main">
          {t("skip")}
        </a>
        <div className="shell-head">
          <div className="shell-head-row">
            <Link className="brand" href="/">
              <Mark />
              {t("name")}
            </Link>
            <div className="row">
              <LanguageButton />
              {session !== undefined && <Account session={session} />}
            </div>
          </div>
          {places.length > 0 && <Navigation role={session?.signedOn?.role ?? null} />}
        </div>
        <Strips session={session} />
      </header>
      <main className="shell-main" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
      <footer className="shell-foot">
        <div className="row row-apart">
          <p>{t("footer")}</p>
          <div className="row">
            <Link href="/log">{t("pages.log")}</Link>
            <Link href="/statistics">{t("pages.statistics")}</Link>
            <a href="/verify">{t("pages.verify")}</a>
          </div>
        </div>
      </footer>
    </div>
  );
}

function Navigation({ role }: { readonly role: Parameters<typeof placesFor>[0] }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const pages = useRef<HTMLDivElement>(null);
  // Whoever has many pages sees where they are, also where not all fit beside each other.
  useEffect(() => {
    pages.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [location]);
  return (
    <nav className="shell-nav-bar" aria-label={t("menu")}>
      <div className="shell-nav-row">
        <div className="shell-nav" ref={pages}>
          {placesFor(role).map(({ path, nav }) => {
            const isHere = location === path || location.startsWith(`${path}/`);
            return (
              nav !== undefined && (
                <Link key={path} href={path} {...(isHere && { "aria-current": "page" as const })}>
                  <Icon name={nav.icon} />
                  {t(`pages.${nav.name}`)}
                </Link>
              )
            );
          })}
        </div>
      </div>
    </nav>
  );
}

function Account({ session }: { readonly session: Session }) {
  const { t, i18n } = useTranslation();
  const signOff = useSignOff();
  const { signedOn, signOn } = session;
  if (signedOn !== null) return <Button onPress={() => void signOff()}>{t("signOff")}</Button>;
  if (!signOn) return null;
  return (
    <ButtonLink outside weight="first" href={signOnAddress("/portal/", i18n.language)}>
      {t("signOn")}
    </ButtonLink>
  );
}

/** What everybody should know, whatever page they are on. */
function Strips({ session }: { readonly session: Session | undefined }) {
  const { t } = useTranslation();
  const { time } = useWriting();
  const now = useNow();
  const isOnline = useOnline();
  const ends = endOf(session);
  return (
    <div role="status">
      {!isOnline && <Strip>{t("offline")}</Strip>}
      {ends !== undefined && ends - now < SOON_SECONDS && (
        <Strip>{t("endsSoon", { time: time(ends) })}</Strip>
      )}
      {session?.environment === "embedded" && <Strip>{t("development")}</Strip>}
    </div>
  );
}

/** When the session ends, by this device's clock in Unix seconds. */
function endOf(session: Session | undefined): number | undefined {
  const expires = session?.signedOn?.expires;
  return expires === undefined ? undefined : (Date.parse(expires) - (session?.aheadMs ?? 0)) / 1000;
}

function Strip({ children }: { readonly children: ReactNode }) {
  return (
    <div className="shell-strip">
      <p>{children}</p>
    </div>
  );
}

/** Whether this device believes that it has a network. */
function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => {
      addEventListener("online", changed);
      addEventListener("offline", changed);
      return () => {
        removeEventListener("online", changed);
        removeEventListener("offline", changed);
      };
    },
    () => navigator.onLine,
  );
}
