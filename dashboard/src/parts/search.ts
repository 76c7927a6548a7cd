import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What an address asks for, and how to change it in place: what is empty is left out. */
export function useSearch(): [search: URLSearchParams, set: (changed: Record<string, string | null>) => void] {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (changed: Record<string, string | null>): void =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changed)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return [search, set];
}
