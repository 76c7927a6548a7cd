import { useTranslation } from "react-i18next";
import type { Way } from "../api/shapes";
import { Moment } from "./time";

/** Who removed it and why, and until when it can be brought back. */
export function Removed({ revive }: { revive: NonNullable<Way["revive"]> }) {
  const { t } = useTranslation();
  return (
    <>
      {t("preview.removedBy", { who: revive.removedBy })} <Moment at={revive.removedAt} exact />{revive.why ? <>: {revive.why}</> : null}.{" "}
      {t("preview.reviveUntil")} <Moment at={revive.until} exact />.
    </>
  );
}
