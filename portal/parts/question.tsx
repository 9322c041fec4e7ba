import type { ReactNode } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";

import { Button, type Weight } from "./button.tsx";

/** Asks once more, over the page, before something is done. */
export default function Question(props: {
  readonly question: string;
  readonly yes: string;
  readonly weight: Weight;
  readonly onYes: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}) {
  const { question, yes, weight, onYes, onClose, children } = props;
  const { t } = useTranslation();
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className="backdrop"
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className="dialog">
        <Dialog>
          <div className="stack">
            <Heading slot="title">{question}</Heading>
            {children}
            <div className="row">
              <Button
                weight={weight}
                autoFocus
                onPress={() => {
                  onYes();
                  onClose();
                }}
              >
                {yes}
              </Button>
              <Button onPress={onClose}>{t("cancel")}</Button>
            </div>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
