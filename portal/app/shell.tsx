import "./shell.css";

import {
  type FocusEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Button as AriaButton, Link } from "react-aria-components";
import { useLocation } from "wouter";

import {
  type Session,
  signOnAddress,
  useSession,
  useSessionEnd,
  useSignOff,
  useStaying,
} from "../api/session.ts";
import { LanguageButton, Mark } from "../parts/brand.tsx";
import { Button, ButtonLink } from "../parts/button.tsx";
import { Fault } from "../parts/fault.tsx";
import { Icon } from "../parts/icon.tsx";
import { loadOverlays } from "../parts/overlays.ts";
import { useWriting } from "../words/moments.ts";
import { useFocusKept, useFocusOnMove } from "./focus.ts";
import { useNow } from "./now.ts";
import { type Place, placesFor } from "./places.ts";

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
  useOverlaysLater(session !== undefined);
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
          {places.length > 0 && <Navigation places={places} />}
        </div>
        <Strips session={session} />
      </header>
      <SessionStrips session={session} />
      <main className="shell-main" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
      <footer className="shell-foot">
        <div className="row row-apart">
          <div>
            <p>{t("footer")}</p>
            {typeof session?.contact === "string" && <Contact address={session.contact} />}
          </div>
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

function Contact({ address }: { readonly address: string }) {
  const { t } = useTranslation();
  return (
    <p>
      {t("contact")} <a href={address}>{address.replace(/^(?:mailto:|tel:|https:\/\/)/, "")}</a>
    </p>
  );
}

/** What opens over pages is loaded when the page itself is there. */
function useOverlaysLater(isThere: boolean): void {
  useEffect(() => {
    if (isThere) loadOverlays().catch(() => undefined); // Whoever asks for one asks again.
  }, [isThere]);
}

/** More names than these do not fit beside each other on a phone; with more, the last place is for what opens the others. */
const MOST_BESIDE = 4;

function Navigation({ places }: { readonly places: readonly Place[] }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const beside = places.length > MOST_BESIDE ? places.slice(0, MOST_BESIDE - 1) : places;
  const further = places.slice(beside.length);
  return (
    <nav className="shell-nav-bar" aria-label={t("menu")}>
      <div className="shell-nav-row">
        <div className="shell-nav">
          {beside.map((place) => (
            <NavLink key={place.path} place={place} location={location} />
          ))}
          {further.length > 0 && <Further key={location} places={further} location={location} />}
        </div>
      </div>
    </nav>
  );
}

function isAt(location: string, { path }: Place): boolean {
  return location === path || location.startsWith(`${path}/`);
}

function NavLink(props: {
  readonly place: Place;
  readonly location: string;
  readonly onPress?: (() => void) | undefined;
}) {
  const { place, location, onPress } = props;
  const { t } = useTranslation();
  const { path, nav } = place;
  if (nav === undefined) return null;
  return (
    <Link
      href={path}
      {...(isAt(location, place) && { "aria-current": "page" as const })}
      {...(onPress && { onPress })}
    >
      <Icon name={nav.icon} />
      <span>{t(`pages.${nav.name}`)}</span>
    </Link>
  );
}

/** The other pages: beside the first ones where there is room, on a phone in a list that opens. */
function Further({ places, location }: { readonly places: readonly Place[]; readonly location: string }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const list = useId();
  const closeToOpener = (): void => {
    if (!isOpen) return;
    setIsOpen(false);
    opener.current?.focus();
  };
  // The list lies over the page: nothing behind it may have the focus while it is open (WCAG 2.4.11). A focus that goes nowhere stays.
  const closeOnLeaving = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) setIsOpen(false);
  };
  useEffect(() => {
    if (!isOpen) return;
    const closeOutside = ({ target }: PointerEvent): void => {
      if (target instanceof Node && whole.current?.contains(target) !== true) setIsOpen(false);
    };
    document.addEventListener("pointerdown", closeOutside, true);
    return () => document.removeEventListener("pointerdown", closeOutside, true);
  }, [isOpen]);
  return (
    <div
      ref={whole}
      className="shell-further"
      onKeyDown={({ key }) => {
        if (key === "Escape") closeToOpener();
      }}
      onBlur={closeOnLeaving}
    >
      <AriaButton
        ref={opener}
        className="shell-more"
        aria-expanded={isOpen}
        aria-controls={list}
        data-here={places.some((place) => isAt(location, place))}
        onPress={() => setIsOpen(!isOpen)}
      >
        <Icon name="menu" />
        <span>{t("morePages")}</span>
      </AriaButton>
      <div className="shell-further-list" id={list} data-open={isOpen}>
        {places.map((place) => (
          <NavLink
            key={place.path}
            place={place}
            location={location}
            onPress={place.path === location ? closeToOpener : undefined}
          />
        ))}
      </div>
    </div>
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
  const isOnline = useOnline();
  return (
    <div role="status">
      {!isOnline && <Strip>{t("offline")}</Strip>}
      {session?.environment === "embedded" && <Strip>{t("development")}</Strip>}
    </div>
  );
}

/** That the session ends soon: in sight wherever on the page one is. */
function SessionStrips({ session }: { readonly session: Session | undefined }) {
  const { t } = useTranslation();
  const { time } = useWriting();
  const now = useNow();
  const ends = endOf(session, "expires");
  const idleEnds = endOf(session, "idleExpires");
  const soonSeconds = Math.min(SOON_SECONDS, (session?.signedOn?.idleSeconds ?? 0) / 3);
  return (
    <div role="status" className="shell-session">
      {ends !== undefined && ends - now < SOON_SECONDS && (
        <Strip>{t("endsSoon", { time: time(ends) })}</Strip>
      )}
      {idleEnds !== undefined && ends !== undefined && idleEnds < ends && idleEnds - now < soonSeconds && (
        <IdleStrip time={time(idleEnds)} />
      )}
    </div>
  );
}

/** Nobody has used the session for long: whoever is there goes on with one press (WCAG 2.2.1). */
function IdleStrip({ time }: { readonly time: string }) {
  const { t } = useTranslation();
  const stay = useMutation({ mutationFn: useStaying() });
  return (
    <div className="shell-strip">
      <div className="row row-apart">
        <p>{t("idleEndsSoon", { time })}</p>
        <Button isDisabled={stay.isPending} onPress={() => stay.mutate()}>
          {t("stay")}
        </Button>
      </div>
      {stay.error !== null && <Fault error={stay.error} />}
    </div>
  );
}

/** When the session ends, by this device's clock in Unix seconds. */
function endOf(session: Session | undefined, which: "expires" | "idleExpires"): number | undefined {
  const expires = session?.signedOn?.[which];
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
