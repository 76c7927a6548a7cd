import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useShortcutsOn } from "./shortcuts";

const KEYS = ["/", "j", "k", "Enter", "e", "?"] as const;

/** What single keys do. */
export default function Help({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const isOn = useShortcutsOn();
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="help-title">
      <ModalHeader labelId="help-title" title={t("help.title")} />
      <ModalBody>
        <p>{isOn ? t("help.on") : t("help.off")} <Link to="/account" onClick={close}>{t("help.where")}</Link></p>
        <dl className="hub-keys">
          {KEYS.map((key) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(`key.${key}`)}</dd></div>)}
        </dl>
      </ModalBody>
    </Modal>
  );
}
