import { useTranslation } from "react-i18next";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { signOnAddress, type SignedOnRole, useSession } from "../api/session.ts";
import { ButtonLink } from "../parts/button.tsx";
import { Answered, Empty } from "../parts/states.tsx";

/** Shows a page to whom it is for, and asks everybody else to sign on. */
export function Gate(props: {
  readonly role: SignedOnRole;
  readonly also?: SignedOnRole | undefined;
  readonly children: ReactNode;
}) {
  const { role, also, children } = props;
  const { t, i18n } = useTranslation();
  const [location] = useLocation();
  const session = useSession();
  return (
    <Answered of={session}>
      {({ signedOn, signOn, hasEnded = false }) =>
        signedOn !== null && (signedOn.role === role || signedOn.role === also) ? (
          children
        ) : (
          <Empty
            isPage
            icon="lock"
            title={hasEnded ? t("ended") : t("forRole", { role: t(`roles.${role}`) })}
          >
            <p>{t(hasEnded ? "endedWhy" : "forRoleWhy")}</p>
            {signOn && (
              <ButtonLink outside weight="first" href={signOnAddress(`/portal${location}`, i18n.language)}>
                {t("signOn")}
              </ButtonLink>
            )}
          </Empty>
        )
      }
    </Answered>
  );
}
