import { useTranslation } from "react-i18next";
import type { Price } from "../api/shapes";
import { useFormat } from "../text/format";

/** A price an hour and for the lease. */
export function PriceLine({ price }: { price: Price | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!price || price.perHour === null) return <>{t("price.shared")}</>;
  if (price.savedPerHour !== null) {
    return <>{t("price.asleep", { amount: format.money(price.perHour, price.currency), saved: format.money(price.savedPerHour, price.currency) })}</>;
  }
  const lease = price.perLease === null ? null : format.money(price.perLease, price.currency);
  return (
    <>
      {t("price.perHour", { amount: format.money(price.perHour, price.currency) })}
      {lease ? <span className="hub-quiet"> · {t("price.perLease", { amount: lease })}</span> : null}
    </>
  );
}

/** A price an hour, as short as can be. */
export function PriceShort({ price }: { price: Price }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (price.perHour === null) return <>{t("price.shared")}</>;
  return <span className="hub-price">{t("price.short", { amount: format.money(price.perHour, price.currency) })}</span>;
}
