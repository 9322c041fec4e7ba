import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/error.ts";
import type { Words } from "../words/vi/index.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** While something is on its way. */
export function Loading({ what }: { readonly what?: string }) {
  const { t } = useTranslation();
  return (
    <div className="state" role="status">
      <div className="spinner" />
      <p>{what ?? t("loading")}</p>
    </div>
  );
}

/** How far something has come; without a `share` it is not known. */
export function Progress({ label, share }: { readonly label: string; readonly share?: number | undefined }) {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div className="progress">
      <span>{label}</span>
      <div
        className="progress-track"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent !== undefined && { "aria-valuenow": percent })}
      >
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width={percent ?? 30} height="1" />
        </svg>
      </div>
    </div>
  );
}

/** Where there is nothing to show, and that is no fault. `isPage`: it is all there is on the page. */
export function Empty(props: {
  readonly icon?: IconName;
  readonly title: string;
  readonly isPage?: boolean;
  readonly children?: ReactNode;
}) {
  const { icon = "check", title, isPage = false, children } = props;
  return (
    <div className="state">
      <Icon name={icon} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** Why something cannot be shown, and what to do. `isPage`: it is all there is on the page. */
export function Failed(props: {
  readonly error: unknown;
  readonly again?: () => void;
  readonly isPage?: boolean;
}) {
  const { error, again, isPage = false } = props;
  const { t } = useTranslation();
  const { title, advice, icon } = useFault(error);
  return (
    <div className="state" role="alert">
      <Icon name={icon} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      <p>{advice}</p>
      {again !== undefined && <Button onPress={again}>{t("tryAgain")}</Button>}
      <Technical error={error} />
    </div>
  );
}

/** What a fault is called, and what to do about it, in words. */
export function useFault(error: unknown): {
  readonly title: string;
  readonly advice: string;
  readonly icon: IconName;
} {
  const { t, i18n } = useTranslation("faults");
  if (!(error instanceof ApiError))
    return { title: t("broken.title"), advice: t("broken.advice"), icon: "warning" };
  const isOffline = error.status === 0 && !navigator.onLine;
  const isNamed = (code: string): code is FaultName => i18n.exists(`faults:${code}.title`);
  const name = isOffline ? "offline" : nameOf(error, isNamed);
  return {
    title: t(`${name}.title`),
    advice: t(`${name}.advice`),
    icon: error.status === 0 ? "offline" : "warning",
  };
}

type FaultName = Exclude<keyof Words["faults"], "technical">;

function nameOf({ code, status }: ApiError, isNamed: (code: string) => code is FaultName): FaultName {
  if (status === 401) return "signedOut";
  if (isNamed(code)) return code;
  return status >= 500 ? "server" : "other";
}

function Technical({ error }: { readonly error: unknown }) {
  const { t } = useTranslation("faults");
  if (!(error instanceof ApiError) || error.status === 0) return null;
  return (
    <p className="quiet small">
      {t("technical")} <code lang="en">{`${error.code}: ${error.message}`}</code>
    </p>
  );
}

/** Shows what was asked for once it is there, and what is the matter until then. `isPage`: the page has no heading but what it shows. */
export function Answered<T>({
  of,
  what,
  isPage = false,
  children,
}: {
  readonly of: UseQueryResult<T>;
  readonly what?: string;
  readonly isPage?: boolean;
  readonly children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  if (of.isPending) return <Loading {...(what !== undefined && { what })} />;
  return <Failed isPage={isPage} error={of.error} again={() => void of.refetch()} />;
}
