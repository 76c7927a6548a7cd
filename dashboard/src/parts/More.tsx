import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";

/** The next page of a list, when it is asked for. */
export function More({ query }: { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }) {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <div className="hub-more">
      <Button variant="secondary" isLoading={query.isFetchingNextPage} spinnerAriaLabel={t("state.loading")} onClick={() => void query.fetchNextPage()}>
        {t("action.more")}
      </Button>
    </div>
  );
}
