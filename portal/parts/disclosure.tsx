import type { ReactNode } from "react";
import { Button, Disclosure as AriaDisclosure, DisclosurePanel } from "react-aria-components";

import { Icon } from "./icon.tsx";

/** Something that is there for whoever wants to see it. */
export function Disclosure({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <AriaDisclosure>
      {({ isExpanded }) => (
        <>
          <Button slot="trigger" className="disclosure-button">
            <Icon name="chevron" />
            {title}
          </Button>
          <DisclosurePanel>{isExpanded && children}</DisclosurePanel>
        </>
      )}
    </AriaDisclosure>
  );
}
