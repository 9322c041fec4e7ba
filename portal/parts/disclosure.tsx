import type { ReactNode } from "react";
import { Button, Disclosure as AriaDisclosure, DisclosurePanel } from "react-aria-components";

import { Icon } from "./icon.tsx";

/** Something that is there for whoever wants to see it. `isSection`: its title is a heading of the page, below which those of what it holds stand. */
export function Disclosure(props: {
  readonly title: string;
  readonly isSection?: boolean;
  readonly children: ReactNode;
}) {
  const { title, isSection = false, children } = props;
  const button = (
    <Button slot="trigger" className="disclosure-button">
      <Icon name="chevron" />
      {title}
    </Button>
  );
  return (
    <AriaDisclosure>
      {({ isExpanded }) => (
        <>
          {isSection ? <h2 className="disclosure-heading">{button}</h2> : button}
          <DisclosurePanel>{isExpanded && children}</DisclosurePanel>
        </>
      )}
    </AriaDisclosure>
  );
}
