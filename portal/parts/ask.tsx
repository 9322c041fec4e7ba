import type { ReactNode } from "react";

import { Button, type Weight } from "./button.tsx";
import { Fault } from "./fault.tsx";
import { loadQuestion, useOverlay } from "./overlays.ts";

/** A button that asks once more before it does what it says: the second tap does it. */
export function Ask(props: {
  readonly label: ReactNode;
  readonly question: string;
  readonly yes: string;
  readonly weight?: Weight;
  readonly isDisabled?: boolean;
  readonly onYes: () => void;
  readonly children?: ReactNode;
}) {
  const { label, question, yes, weight = "grave", isDisabled = false, onYes, children } = props;
  const { Overlay: Question, error, open, close } = useOverlay(loadQuestion);
  return (
    <>
      <Button weight={weight} isDisabled={isDisabled} aria-haspopup="dialog" onPress={() => void open()}>
        {label}
      </Button>
      {error && <Fault error={error} />}
      {Question && (
        <Question {...{ question, yes, weight, onYes }} onClose={close}>
          {children}
        </Question>
      )}
    </>
  );
}
