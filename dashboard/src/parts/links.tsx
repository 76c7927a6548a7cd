import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEnvironmentNamed } from "./labels";

/** Whether an address is one of previews: by https, on a host of the environment's own domain, and nothing else. */
export function isOfDomain(address: string, domain: string): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  const isPlain = url.protocol === "https:" && url.username === "" && url.password === "";
  return isPlain && domain !== "" && url.hostname.endsWith(`.${domain.toLowerCase()}`);
}

/** Whether an address may be linked at all. */
export function isHttps(address: string | null | undefined): address is string {
  if (!address) return false;
  try {
    return new URL(address).protocol === "https:";
  } catch {
    return false;
  }
}

/** Where the screen of a preview is. */
export const previewPath = (environment: string, issue: string): string => `/previews/${encodeURIComponent(environment)}/${encodeURIComponent(issue)}`;

/** An issue, which leads to the screen of its preview. */
export function IssueLink({ environment, issue }: { environment: string; issue: string }) {
  return <Link to={previewPath(environment, issue)}>{issue}</Link>;
}

/** A host, which may be broken at its dots. */
export function Host({ name }: { name: string }) {
  return name.split(".").map((part, number) => (
    <Fragment key={number}>
      {number > 1 ? <>.<wbr /></> : number > 0 ? "." : null}
      {part}
    </Fragment>
  ));
}

/** As much of a host as tells it from others of its domain; the rest is read out, and stands in the link. */
function ShortHost({ name, domain }: { name: string; domain: string }) {
  const [first = "", ...others] = domain.split(".");
  const start = `${name.slice(0, -domain.length)}${first}`;
  if (others.length < 2) return <Host name={name} />;
  return <>{start}<span aria-hidden="true">…</span><span className="pf-v6-screen-reader">.{others.join(".")}</span></>;
}

/** A preview's address: a link where it is one of its environment's, else its text. `isShort`: where there is little room. */
export function PreviewLink({ address, environment, isShort = false }: { address: string; environment: string; isShort?: boolean }) {
  const known = useEnvironmentNamed(environment);
  if (!known || !isOfDomain(address, known.domain)) return <span className="hub-address">{address}</span>;
  const host = new URL(address).hostname;
  return (
    <NewTab className="hub-address" href={address} title={isShort ? host : undefined}>
      {isShort ? <ShortHost name={host} domain={known.domain} /> : <Host name={host} />}
    </NewTab>
  );
}

/** A link to another site, such as a pull request; its text alone where it is no https address. */
export function Outside({ address, children }: { address: string | null | undefined; children: ReactNode }) {
  return isHttps(address) ? <NewTab href={address}>{children}</NewTab> : <>{children}</>;
}

/** A link that leaves this site, to an address that was checked. */
function NewTab({ children, ...link }: { href: string; className?: string; title?: string | undefined; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <a {...link} target="_blank" rel="noopener noreferrer">
      {children}
      <span aria-hidden="true">{"\u00a0↗"}</span>
      <span className="pf-v6-screen-reader">{t("link.newTab")}</span>
    </a>
  );
}
