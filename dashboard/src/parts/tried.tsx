import { asProblem } from "../api/problem";
import { useSay } from "./Say";
import { Faults, useReason } from "./States";

/** Do something and say that it is done, or why it failed; whether it was done. */
export function useTried(): (act: () => Promise<unknown>, done?: string) => Promise<boolean> {
  const { say } = useSay();
  const reason = useReason();
  return async (act, done) => {
    try {
      await act();
    } catch (error) {
      const problem = asProblem(error);
      say("danger", reason(problem), <Faults error={problem} />);
      return false;
    }
    if (done !== undefined) say("success", done);
    return true;
  };
}
