import { useEffect, type ReactNode } from "react";

/** The name of a screen, which is the page's title too. */
export function Heading({ title, children, beside }: { title: string; children?: ReactNode; beside?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · RTB AI Hub`;
  }, [title]);
  return (
    <div className="hub-heading">
      <h1 tabIndex={-1}>{title}</h1>
      {beside}
      {children ? <div className="hub-heading-acts">{children}</div> : null}
    </div>
  );
}
