import { lazy, Suspense } from "react";
import type { ActProps } from "./acts";

const Now = lazy(() => import("./ActDialogNow"));

/** The dialog that says what would be done before it is done; loaded when it is first opened. */
export function ActDialog(props: ActProps) {
  return (
    <Suspense fallback={null}>
      <Now {...props} />
    </Suspense>
  );
}
