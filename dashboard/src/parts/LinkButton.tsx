import { Button, type ButtonProps } from "@patternfly/react-core";
import { Link } from "react-router";

// Made once: a component that each render makes anew is put anew into the page, and loses the focus.
function Leads({ href, ...props }: { href: string }) {
  return <Link {...props} to={href} />;
}

/** A link to another screen that looks like a button. */
export function LinkButton({ to, ...props }: ButtonProps & { to: string }) {
  return <Button {...props} component={Leads} href={to} />;
}
