import { type ReactNode, Suspense, useState } from "react";

import { Button, type Weight } from "./button.tsx";
import { Question } from "./overlays.ts";

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
  const [isAsked, setIsAsked] = useState(false);
  return (
    <>
      <Button weight={weight} isDisabled={isDisabled} aria-haspopup="dialog" onPress={() => setIsAsked(true)}>
        {label}
      </Button>
      {isAsked && (
        <Suspense>
          <Question {...{ question, yes, weight, onYes }} onClose={() => setIsAsked(false)}>
            {children}
          </Question>
        </Suspense>
      )}
    </>
  );
}
