import { Button } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useLocation, useRouteError, type RouteObject } from "react-router";
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
    const gone = (event: Event): void => {
      event.preventDefault();
      setOutdated(true);
    };
    window.addEventListener("vite:preloadError", gone);
    return () => window.removeEventListener("vite:preloadError", gone);
  }, []);
  const ends = person?.session?.accessExpiresAt;
  useEffect(() => {
    if (!ends) return;
    const wait = Math.max(5000, new Date(ends).getTime() - Date.now() - RENEW_BEFORE_MS);
    const timer = setTimeout(() => {
      if (document.hidden) return;
      refresh().then((isIn) => (isIn ? client.invalidateQueries({ queryKey: ["me"] }) : setLost(true)), () => undefined);
    }, Math.min(wait, 2_000_000_000));
    return () => clearTimeout(timer);
  }, [ends, client]);
  const isSigningIn = location.pathname === "/sign-in";
  const isSignedOut = (isLost || isNobody) && !isSigningIn;
  if (isNobody && me.data === undefined && !isSigningIn) {
    return <Navigate to={`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`} replace />;
  }
  return (
    <PersonContext value={person}>
      <LiveProvider isOn={person !== null && person.role !== null && !isSignedOut}>
        <Shell isSignedOut={isSignedOut} isOutdated={isOutdated} />
      </LiveProvider>
    </PersonContext>
  );
}

/** A screen that failed, or is of another release than this page. */
function Broken() {
  const { t } = useTranslation();
  const error = useRouteError();
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

export const screens: RouteObject[] = [
  {
    HydrateFallback: Loading,
    errorElement: <Broken />,
    children: [
      { path: "/", element: <Previews /> },
      { path: "/previews/:env/:key", lazy: async () => ({ Component: (await import("./screens/Preview")).Preview }) },
      { path: "/start", lazy: async () => ({ Component: (await import("./screens/Start")).Start }) },
      { path: "/waiting", lazy: async () => ({ Component: (await import("./screens/Waiting")).Waiting }) },
      { path: "/environments", lazy: async () => ({ Component: (await import("./screens/Environments")).Environments }) },
      { path: "/calendar", lazy: async () => ({ Component: (await import("./screens/Calendar")).Calendar }) },
      { path: "/statistics", lazy: async () => ({ Component: (await import("./screens/Statistics")).Statistics }) },
      { path: "/operations", lazy: async () => ({ Component: (await import("./screens/Operations")).Operations }) },
      { path: "/sign-in", lazy: async () => ({ Component: (await import("./screens/SignIn")).SignIn }) },
      { path: "/account", lazy: async () => ({ Component: (await import("./screens/Account")).Account }) },
      { path: "/preview/:key", lazy: async () => ({ Component: (await import("./screens/Way")).Way }) },
      { path: "/preview/:key/:env", lazy: async () => ({ Component: (await import("./screens/Way")).Way }) },
      { path: "*", element: <NotFound /> },
    ],
  },
];
