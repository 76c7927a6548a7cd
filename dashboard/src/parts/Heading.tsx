import { useEffect, useRef, type ReactNode } from "react";

let isNewScreen = false;

/** The next heading gets the focus, as a new page's would, until somebody does something else. */
export function focusHeading(): void {
  isNewScreen = true;
  const end = (): void => {
    isNewScreen = false;
    document.removeEventListener("keydown", end);
    document.removeEventListener("pointerdown", end);
  };
  document.addEventListener("keydown", end);
  document.addEventListener("pointerdown", end);
}

/** The name of a screen, which is the page's title too. */
export function Heading({ title, children, beside }: { title: string; children?: ReactNode; beside?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · RTB AI Hub`;
  }, [title]);
  useEffect(() => {
    if (isNewScreen) heading.current?.focus();
  }, []);
  return (
    <div className="hub-heading">
      <h1 ref={heading} tabIndex={-1}>{title}</h1>
      {beside}
      {children ? <div className="hub-heading-acts">{children}</div> : null}
    </div>
  );
}
