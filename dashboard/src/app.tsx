import { Button } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { Component, lazy, Suspense, useEffect, useState, type ComponentType, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";
import { asProblem } from "./api/problem";
import { useMe } from "./api/queries";
import { onSession, refresh } from "./api/session";
import { Heading } from "./parts/Heading";
import { LiveProvider } from "./parts/Live";
import { PersonContext } from "./parts/person";
import { Shell } from "./parts/Shell";
import { Loading, Nothing } from "./parts/States";
import { Previews } from "./screens/Previews";

/** Renew the session so long before its access ends, in a tab that is seen. */
const RENEW_BEFORE_MS = 60_000;

export function App() {
  const me = useMe();
  const client = useQueryClient();
  const location = useLocation();
  const [isLost, setLost] = useState(false);
  const [isOutdated, setOutdated] = useState(false);
  const person = me.data ?? null;
  const isNobody = me.error !== null && asProblem(me.error).isSignedOut;
  useEffect(() => onSession(setLost), []);
  useEffect(() => {
    const gone = (): void => setOutdated(true);
    window.addEventListener("vite:preloadError", gone);
    return () => window.removeEventListener("vite:preloadError", gone);
  }, []);
  const holds = person?.session?.accessSeconds;
  const since = me.dataUpdatedAt;
  useEffect(() => {
    if (holds === undefined) return;
    // Both by this device's clock, whatever it says.
    const wait = Math.max(5000, since + holds * 1000 - Date.now() - RENEW_BEFORE_MS);
    const timer = setTimeout(() => {
      if (document.hidden) return;
      refresh().then((isIn) => (isIn ? client.invalidateQueries({ queryKey: ["me"] }) : setLost(true)), () => undefined);
    }, Math.min(wait, 2_000_000_000));
    return () => clearTimeout(timer);
  }, [holds, since, client]);
  const isSigningIn = location.pathname === "/sign-in";
  const isSignedOut = (isLost || isNobody) && !isSigningIn;
  if (isNobody && me.data === undefined && !isSigningIn) {
    return <Navigate to={`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`} replace />;
  }
  return (
    <PersonContext value={person}>
      <LiveProvider isOn={person !== null && person.role !== null && !isSignedOut}>
        <Shell isSignedOut={isSignedOut} isOutdated={isOutdated}>
          <Caught key={location.pathname}>
            <Suspense fallback={<Loading />}>
              <Routes>
                {screens.map(([path, Screen]) => <Route key={path} path={path} element={<Screen />} />)}
                <Route path="*" element={<NotFound />} />
              </Routes>
            </Suspense>
          </Caught>
        </Shell>
      </LiveProvider>
    </PersonContext>
  );
}

/** Shows what failed in place of a screen; another screen is tried anew. */
class Caught extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} />;
  }
}

/** A screen that failed, or is of another release than this page. */
function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const isOld = error instanceof TypeError && /import|module/i.test(error.message);
  return (
    <>
      <Heading title={t(isOld ? "shell.outdated" : "shell.broken")} />
      <Nothing title={t("shell.brokenSays")} action={<Button onClick={() => window.location.reload()}>{t("shell.again")}</Button>}>
        {isOld ? null : <code lang="en">{error instanceof Error ? error.message : String(error)}</code>}
      </Nothing>
    </>
  );
}

function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <Heading title={t("shell.notFound")} />
      <Nothing title={t("shell.notFoundSays")} action={<Link to="/">{t("screen.previews")}</Link>} />
    </>
  );
}

const Way = lazy(async () => ({ default: (await import("./screens/Way")).Way }));

/** The screens by their paths; each but the first is loaded when it is opened. */
export const screens: readonly (readonly [path: string, screen: ComponentType])[] = [
  ["/", Previews],
  ["/previews/:env/:key", lazy(async () => ({ default: (await import("./screens/Preview")).Preview }))],
  ["/start", lazy(async () => ({ default: (await import("./screens/Start")).Start }))],
  ["/waiting", lazy(async () => ({ default: (await import("./screens/Waiting")).Waiting }))],
  ["/environments", lazy(async () => ({ default: (await import("./screens/Environments")).Environments }))],
  ["/calendar", lazy(async () => ({ default: (await import("./screens/Calendar")).Calendar }))],
  ["/statistics", lazy(async () => ({ default: (await import("./screens/Statistics")).Statistics }))],
  ["/operations", lazy(async () => ({ default: (await import("./screens/Operations")).Operations }))],
  ["/sign-in", lazy(async () => ({ default: (await import("./screens/SignIn")).SignIn }))],
  ["/account", lazy(async () => ({ default: (await import("./screens/Account")).Account }))],
  ["/preview/:key", Way],
  ["/preview/:key/:env", Way],
];
