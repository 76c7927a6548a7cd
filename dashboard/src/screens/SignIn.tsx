import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { useProviders } from "../api/queries";
import { Heading } from "../parts/Heading";
import { usePerson } from "../parts/person";
import { Asked, Nothing } from "../parts/States";
import { Alert } from "../parts/Notice";

const ERRORS = ["declined", "expired", "provider-down", "refused", "linked", "too-many"] as const;

/** A path of this site, to go on at after sign-in. Anything else is the list. */
export function ownPath(text: string | null): string {
  if (!text?.startsWith("/") || text.startsWith("//") || text.includes("\\")) return "/";
  try {
    const url = new URL(text, window.location.origin);
    return url.origin === window.location.origin ? url.pathname + url.search : "/";
  } catch {
    return "/";
  }
}

/** The ways to sign in, and what went wrong with the last one. */
export function SignIn() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const query = useProviders();
  const me = usePerson();
  const next = ownPath(search.get("next"));
  const error = ERRORS.find((one) => one === search.get("error"));
  const requestId = search.get("requestId");
  return (
    <div className="hub-narrow">
      <Heading title={t("screen.signIn")} />
      {search.has("error") ? (
        <Alert variant="danger" isInline component="h2" title={t(`signIn.error.${error ?? "other"}`)}>
          <p>{t(`signIn.todo.${error ?? "other"}`)}</p>
          {requestId ? <p>{t("state.requestId")} <code>{requestId.slice(0, 40)}</code></p> : null}
        </Alert>
      ) : null}
      {navigator.cookieEnabled ? null : <Alert variant="warning" isInline component="h2" title={t("signIn.noCookies")}>{t("signIn.noCookiesTodo")}</Alert>}
      {me ? (
        <Nothing title={t("signIn.already", { name: me.name })} action={<Button onClick={() => void navigate(next)}>{t("signIn.goOn")}</Button>} />
      ) : (
        <Asked query={query} rows={2}>{(found) => {
          const outside = found.providers.filter((one) => one.id !== "local");
          return (
            <>
              {outside.map((one) => (
                <Button key={one.id} isBlock size="lg" component="a" href={`/api/auth/login?provider=${encodeURIComponent(one.id)}&next=${encodeURIComponent(next)}`} className="hub-provider">
                  {t("signIn.with", { name: one.name })}
                </Button>
              ))}
              {found.providers.some((one) => one.id === "local") ? <Nothing title={t("signIn.local")}>{t("signIn.localSays")}</Nothing> : null}
              {found.providers.length === 0 ? <Nothing title={t("signIn.none")}>{t("signIn.noneSays")}</Nothing> : null}
            </>
          );
        }}</Asked>
      )}
    </div>
  );
}
