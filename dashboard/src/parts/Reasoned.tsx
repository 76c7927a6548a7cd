import { Button, Tooltip, type ButtonProps } from "@patternfly/react-core";
import type { ReactNode } from "react";

/** A button that stays in its place without the right, and says why on focus and under the pointer. */
export function Reasoned({ why, children, ...props }: ButtonProps & { why: ReactNode }) {
  if (!why) return <Button {...props}>{children}</Button>;
  return (
    <Tooltip content={why}>
      <Button {...props} isAriaDisabled>{children}</Button>
    </Tooltip>
  );
}
