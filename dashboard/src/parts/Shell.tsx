import {
  Button, Masthead, MastheadBrand, MastheadContent, MastheadMain, MastheadToggle,
  Nav, NavItem, NavList, Page, PageSection, PageSidebar, PageSidebarBody, PageToggleButton, SkipToContent,
} from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate } from "react-router";
import { aheadOfServer, onClock } from "../api/clock";
import { tellSession, refresh } from "../api/session";
import { useSummary } from "../api/queries";
import { useFormat } from "../text/format";
import { LANGUAGES, speak, type Language } from "../text/language";
import { focusHeading, Heading } from "./Heading";
import { LiveLabel } from "./Live";
import { usePerson } from "./person";
import { useShortcuts } from "./shortcuts";
import { theme, THEMES, wear, type Theme } from "./theme";
import { signOut } from "./signing";
import { Alert } from "./Notice";
import { useTried } from "./tried";

const Help = lazy(() => import("./Help"));
const SCREENS = [
  ["/", "previews"], ["/start", "start"], ["/waiting", "waiting"], ["/environments", "environments"], ["/calendar", "calendar"],
  ["/statistics", "statistics"], ["/operations", "operations"], ["/account", "account"],
] as const;

const WIDE = matchMedia("(min-width: 75rem)");

function onWidth(listener: () => void): () => void {
  WIDE.addEventListener("change", listener);
  return () => WIDE.removeEventListener("change", listener);
}

const useWide = (): boolean => useSyncExternalStore(onWidth, () => WIDE.matches);

/** The frame around every screen. */
export function Shell({ isSignedOut, isOutdated, children }: { isSignedOut: boolean; isOutdated: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const location = useLocation();
  const navigate = useNavigate();
  const me = usePerson();
  const [isHelp, setHelp] = useState(false);
  const isWide = useWide();
  const [menu, setMenu] = useState<{ isOpen: boolean; at: string } | null>(null);
  // On a narrow window the menu closes with the screen that it led to.
  const isOpen = menu && (isWide || menu.at === location.pathname) ? menu.isOpen : isWide;
  const main = useRef<HTMLDivElement>(null);
  const screen = SCREENS.find(([path]) => path !== "/" && location.pathname.startsWith(path))?.[1] ?? (location.pathname === "/" ? "previews" : null);
  const keys = useMemo(
    () => ({
      "?": () => setHelp(true),
      "/": () => {
        const search = document.getElementById("hub-search");
        if (search) search.focus();
        else void navigate("/?focus=search");
      },
    }),
    [navigate],
  );
  useShortcuts(keys);
  const shown = useRef(location.pathname);
  useLayoutEffect(() => {
    // A screen reader is told of the new screen by its heading, as of a new page. What is there already is not mounted anew.
    if (shown.current === location.pathname) return;
    shown.current = location.pathname;
    focusHeading();
    main.current?.querySelector<HTMLElement>("h1")?.focus();
  }, [location.pathname]);
  const masthead = (
    <Masthead display={{ default: "inline" }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label={t("shell.menu")} isSidebarOpen={isOpen} isHamburgerButton onSidebarToggle={() => setMenu({ isOpen: !isOpen, at: location.pathname })} />
        </MastheadToggle>
        <MastheadBrand><Link to="/" className="hub-brand">RTB AI Hub</Link></MastheadBrand>
      </MastheadMain>
      <MastheadContent className="hub-head">
        <LiveLabel />
        <LanguageSwitch />
        <Personal help={() => setHelp(true)} />
      </MastheadContent>
    </Masthead>
  );
  const sidebar = (
    // PatternFly gives this class to menus that it opens itself; without it this one opens outside of a narrow window.
    <PageSidebar isSidebarOpen={isOpen} className={isOpen && !isWide ? "pf-m-expanded" : ""}>
      <PageSidebarBody>
        <Nav aria-label={t("shell.screens")}>
          <NavList>
            {SCREENS.map(([path, name]) => (
              <NavItem key={path} itemId={path} isActive={screen === name}>
                <Link to={path} aria-current={screen === name ? "page" : undefined}>{t(`screen.${name}`)}</Link>
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
  return (
    <Page masthead={masthead} sidebar={sidebar} skipToContent={<SkipToContent href="#hub-main">{t("shell.skip")}</SkipToContent>} mainContainerId="hub-main" mainAriaLabel={t("shell.main")}>
      <PageSection className="hub-page" hasBodyWrapper={false}>
        <div ref={main}>
          {isSignedOut ? <SignedOut /> : null}
          {isOutdated ? (
            <Alert variant="info" isInline component="h2" title={t("shell.outdated")} actionLinks={<Button variant="link" isInline onClick={() => window.location.reload()}>{t("shell.reload")}</Button>} />
          ) : null}
          <Clock />
          <Frozen />
          {me?.role === null && screen !== "account" ? <NoRole /> : children}
        </div>
      </PageSection>
      {isHelp ? <Suspense fallback={null}><Help close={() => setHelp(false)} /></Suspense> : null}
    </Page>
  );
}

/** Signed in, and nothing to be seen: why, and what to do. */
function NoRole() {
  const { t } = useTranslation();
  return (
    <>
      <Heading title={t("role.noneTitle")} />
      <p>{t("role.noneSays")}</p>
    </>
  );
}

/** That this device's clock is wrong, by minutes at least. */
function Clock() {
  const { t } = useTranslation();
  const format = useFormat();
  const minutes = useSyncExternalStore(onClock, aheadOfServer) / 60_000;
  if (Math.abs(minutes) < 2) return null;
  const title = t(minutes > 0 ? "shell.clockAhead" : "shell.clockBehind", { time: format.length(Math.abs(minutes)) });
  return <Alert variant="info" isInline component="h2" title={title}>{t("shell.clockSays")}</Alert>;
}

function Frozen() {
  const { t } = useTranslation();
  const me = usePerson();
  const { data } = useSummary(me !== null && me.role !== null);
  return (
    <>
      {data?.freezes?.map((one) => (
        <Alert key={one.id} variant="warning" isInline component="h2" title={one.scope === "*" ? t("freeze.everywhere") : t("freeze.in", { environment: one.scope })}>
          {t("freeze.says", { by: one.by })} {one.reason}
        </Alert>
      ))}
    </>
  );
}

/** The session ended under an open page: what was typed stays where it is. */
function SignedOut() {
  const { t } = useTranslation();
  const location = useLocation();
  const client = useQueryClient();
  const [isStill, setStill] = useState(false);
  const next = encodeURIComponent(location.pathname + location.search);
  const again = async (): Promise<void> => {
    setStill(false);
    try {
      await client.refetchQueries({ queryKey: ["me"] });
      const isBack = client.getQueryState(["me"])?.status === "success" || (await refresh());
      if (isBack) {
        tellSession(false);
        await client.invalidateQueries();
      } else setStill(true);
    } catch {
      setStill(true);
    }
  };
  return (
    <Alert
      variant="warning" isInline component="h2" title={t("session.ended")}
      actionLinks={
        <>
          <Button variant="link" isInline component="a" href={`/sign-in?next=${next}`} target="_blank" rel="noopener">{t("session.signIn")}</Button>
          <Button variant="link" isInline onClick={() => void again()}>{t("session.goOn")}</Button>
        </>
      }
    >
      <p>{t("session.kept")}</p>
      {isStill ? <p role="alert">{t("session.still")}</p> : null}
    </Alert>
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const choose = async (one: Language): Promise<void> => {
    await speak(one);
    await client.invalidateQueries(); // what the server words is worded anew
  };
  return (
    <span className="hub-languages" role="group" aria-label={t("shell.language")}>
      {LANGUAGES.map((one) => (
        <button key={one} type="button" lang={one} aria-pressed={i18n.language === one} onClick={() => void choose(one)}>
          {one === "ko" ? "한국어" : "English"}
        </button>
      ))}
    </span>
  );
}

function Personal({ help }: { help: () => void }) {
  const { t } = useTranslation();
  const me = usePerson();
  const navigate = useNavigate();
  const client = useQueryClient();
  const tried = useTried();
  const [worn, setWorn] = useState<Theme>(theme);
  const choose = (one: Theme): void => {
    wear(one);
    setWorn(one);
  };
  const leave = async (): Promise<void> => {
    if (await tried(() => signOut(client, "logout"))) void navigate("/sign-in");
  };
  return (
    <Disclosed name={me?.name ?? t("session.nobody")} label={t("shell.personal", { name: me?.name ?? t("session.nobody") })}>
      <button type="button" onClick={() => void navigate("/account")}>{t("screen.account")}</button>
      {THEMES.map((one) => (
        <button key={one} type="button" aria-pressed={worn === one} onClick={() => choose(one)}>{t(`theme.${one}`)}</button>
      ))}
      <button type="button" onClick={help}>{t("help.title")}</button>
      {me ? <button type="button" onClick={() => void leave()}>{t("session.signOut")}</button> : null}
    </Disclosed>
  );
}

/** A button that shows others below it, until one is used, Escape is pressed or the focus goes elsewhere. */
function Disclosed({ name, label, children }: { name: string; label: string; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const left = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", left);
    document.addEventListener("focusin", left);
    document.addEventListener("keydown", pressed);
    return () => {
      document.removeEventListener("pointerdown", left);
      document.removeEventListener("focusin", left);
      document.removeEventListener("keydown", pressed);
    };
  }, [isOpen]);
  return (
    <div ref={box} className="hub-menu">
      <button ref={button} type="button" aria-expanded={isOpen} aria-label={label} onClick={() => setOpen((now) => !now)}>
        <span className="hub-name">{name}</span> <span aria-hidden="true">▾</span>
      </button>
      {isOpen ? <div className="hub-menu-list" onClick={() => setOpen(false)}>{children}</div> : null}
    </div>
  );
}
