import { FormSelect, FormSelectOption } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useEnvironments } from "../api/queries";

/** Names to choose from: that which is chosen is among them, so that what is seen is what is asked for. */
export function withChosen(names: readonly string[], chosen: string): readonly string[] {
  return chosen === "" || names.includes(chosen) ? names : [chosen, ...names];
}

/** One of the environments, or "" for all. */
export function EnvironmentChoice({ value, set }: { value: string; set: (value: string) => void }) {
  const { t } = useTranslation();
  const { data } = useEnvironments();
  const names = withChosen((data?.environments ?? []).map((one) => one.name), value);
  return (
    <FormSelect aria-label={t("filter.env")} value={value} onChange={(_, one) => set(one)}>
      <FormSelectOption value="" label={t("filter.env")} />
      {names.map((one) => <FormSelectOption key={one} value={one} label={one} />)}
    </FormSelect>
  );
}

const LENGTHS = ["1h", "4h", "8h", "24h", "72h"] as const;

/** How long something lasts. */
export function LengthChoice({ id, value, set }: { id: string; value: string; set: (value: string) => void }) {
  const { t } = useTranslation();
  return (
    <FormSelect id={id} value={value} onChange={(_, one) => set(one)}>
      {LENGTHS.map((one) => <FormSelectOption key={one} value={one} label={t(`length.${one}`)} />)}
    </FormSelect>
  );
}
