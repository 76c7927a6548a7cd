import { Alert as PatternFlyAlert, type AlertProps } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";

/** PatternFly's alert, whose kind is said in the language of the page. */
export function Alert(props: AlertProps) {
  const { t } = useTranslation();
  return <PatternFlyAlert variantLabel={t(`alert.${props.variant ?? "custom"}`)} {...props} />;
}
