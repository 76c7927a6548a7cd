import { Button, Tooltip, type ButtonProps } from "@patternfly/react-core";

/** A button that stays in its place without the right, and says why on focus and under the pointer. */
export function Reasoned({ why, children, ...props }: ButtonProps & { why: string | null | undefined }) {
  if (!why) return <Button {...props}>{children}</Button>;
  return (
    <Tooltip content={<span lang="en">{why}</span>}>
      <Button {...props} isAriaDisabled>{children}</Button>
    </Tooltip>
  );
}
