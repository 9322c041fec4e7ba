import type { ReactNode } from "react";
import { DialogTrigger, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";

import { Button, type Weight } from "./button.tsx";

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
  const { t } = useTranslation();
  return (
    <DialogTrigger>
      <Button weight={weight} isDisabled={isDisabled}>
        {label}
      </Button>
      <ModalOverlay className="backdrop" isDismissable>
        <Modal className="dialog">
          <Dialog>
            {({ close }) => (
              <div className="stack">
                <Heading slot="title">{question}</Heading>
                {children}
                <div className="row">
                  <Button
                    weight={weight}
                    autoFocus
                    onPress={() => {
                      onYes();
                      close();
                    }}
                  >
                    {yes}
                  </Button>
                  <Button onPress={close}>{t("cancel")}</Button>
                </div>
              </div>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
