/** A modal dialog: title, content that scrolls, a close button. Focus and Escape are react-aria's. */

import type { ReactElement, ReactNode } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { IconButton } from "./controls.tsx";
import { Scroll } from "./Scroll.tsx";

export interface SheetProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Sheet({ title, open, onClose, wide = false, children }: SheetProps): ReactElement {
  const { t } = useTranslation();
  return (
    <ModalOverlay
      className="sheet-overlay"
      isOpen={open}
      isDismissable
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Modal className={wide ? "sheet sheet-wide" : "sheet"}>
        <Dialog className="sheet-dialog">
          <header className="sheet-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <IconButton icon="close" label={t("dialog.close")} onPress={onClose} />
          </header>
          <Scroll className="sheet-body" label={title}>
            {children}
          </Scroll>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
