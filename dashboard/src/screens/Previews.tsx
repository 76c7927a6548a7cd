import { Button, Checkbox, FormSelect, FormSelectOption, SearchInput, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { asProblem } from "../api/problem";
import { usePreviews, useSummary, type Filters } from "../api/queries";
import type { Facets, Preview } from "../api/shapes";
import { ActDialog } from "../parts/ActDialog";
import { MOST_AT_ONCE, type Act, type Target } from "../parts/acts";
import { EnvironmentLabel, PhaseLabel, phaseOf } from "../parts/labels";
import { LinkButton } from "../parts/LinkButton";
import { PreviewLink, previewPath } from "../parts/links";
import { useWatched } from "../parts/Live";
import { More } from "../parts/More";
import { useWhyNot } from "../parts/person";
import { PriceShort } from "../parts/PriceLine";
import { Reasoned } from "../parts/Reasoned";
import { useSearch } from "../parts/search";
import { useShortcuts } from "../parts/shortcuts";
import { Failed, Loading, Nothing, Unread } from "../parts/States";
import { Left } from "../parts/time";
import { useFormat } from "../text/format";
import { Heading } from "../parts/Heading";
import { Alert } from "../parts/Notice";

/** Signs of a search; no name that is searched for is longer. */
const MOST_TYPED = 100;
const SORTS = ["key", "ends", "owner", "price"] as const;

/** The filters that an address has. Without `requester` it is one's own; `all` are everybody's. */
function filtersOf(search: URLSearchParams): Filters {
  const one = (name: string): string => search.get(name) ?? "";
  const sort = SORTS.find((name) => name === search.get("sort")) ?? "key";
  const requester = search.get("requester") ?? "me";
  return {
    env: one("env"), phase: one("phase"), project: one("project"), requester: requester === "all" ? "" : requester, text: one("text").slice(0, MOST_TYPED),
    sort, reverse: search.get("reverse") === "true",
  };
}

const targetOf = (one: Preview): Target => ({ environment: one.environment, issue: one.issue, ends: one.lease.expiresAt });
const idOf = (one: Preview): string => `${one.environment}/${one.issue}${one.isRequest ? "/request" : ""}`;

export function Previews() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearch();
  const filters = useMemo(() => filtersOf(search), [search]);
  const query = usePreviews(filters);
  const { env, phase, project, requester, text } = filters;
  useWatched({ env, phase, project, requester, text });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [act, setAct] = useState<{ act: Act; targets: Target[] } | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.previews) ?? [], [query.data]);
  const first = query.data?.pages[0];

  const set = useCallback((changed: Record<string, string>) => setSearch({ focus: null, ...changed }), [setSearch]);

  const keys = useMemo(() => {
    const links = (): HTMLElement[] => [...(body.current?.querySelectorAll<HTMLElement>("a[data-row]") ?? [])];
    const step = (by: number): void => {
      const all = links();
      const at = all.indexOf(document.activeElement as HTMLElement);
      all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
    };
    return {
      j: () => step(1),
      k: () => step(-1),
      e: () => {
        const row = rows[links().indexOf(document.activeElement as HTMLElement)];
        if (row) setAct({ act: "extend", targets: [targetOf(row)] });
      },
    };
  }, [rows]);
  useShortcuts(keys);
  useEffect(() => {
    if (search.get("focus") === "search") document.getElementById("hub-search")?.focus();
  }, [search]);

  const selected = rows.filter((one) => chosen.has(idOf(one)));
  const toggle = (one: Preview, on: boolean): void =>
    setChosen((before) => {
      const next = new Set(before);
      if (on) next.add(idOf(one));
      else next.delete(idOf(one));
      return next;
    });

  return (
    <>
      <Heading title={t("screen.previews")}>
        <LinkButton to="/start" variant="primary">{t("previews.start")}</LinkButton>
      </Heading>
      <Filter filters={filters} facets={first?.facets} set={set} total={first?.total} />
      {query.error ? <Failed problem={asProblem(query.error)} retry={() => void query.refetch()} /> : null}
      {first ? <Unread about={first} /> : null}
      {selected.length > 0 ? (
        <Bulk count={selected.length} act={(name) => setAct({ act: name, targets: selected.map(targetOf) })} clear={() => setChosen(new Set())} />
      ) : null}
      {query.isPending ? <Loading rows={8} /> : null}
      {first && rows.length === 0 ? <NoPreviews isFiltered={search.size > 0} issue={issueOf(filters.text)} /> : null}
      {rows.length > 0 ? (
        <table className="hub-table hub-previews" aria-label={t("screen.previews")} aria-busy={query.isFetching}>
          <thead>
            <tr>
              <th scope="col" className="hub-check"><span className="pf-v6-screen-reader">{t("previews.choose")}</span></th>
              <th scope="col">{t("preview.issue")}</th>
              <th scope="col">{t("preview.environment")}</th>
              <th scope="col">{t("preview.phase")}</th>
              <th scope="col">{t("preview.left")}</th>
              <th scope="col">{t("preview.address")}</th>
              <th scope="col">{t("preview.requester")}</th>
              <th scope="col">{t("price.title")}</th>
              <th scope="col"><span className="pf-v6-screen-reader">{t("preview.actions")}</span></th>
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((one) => (
              <Row key={idOf(one)} preview={one} isChosen={chosen.has(idOf(one))} choose={(on) => toggle(one, on)} act={(name) => setAct({ act: name, targets: [targetOf(one)] })} />
            ))}
          </tbody>
        </table>
      ) : null}
      <More query={query} />
      {act ? (
        <ActDialog
          act={act.act} targets={act.targets}
          close={(isDone) => {
            setAct(null);
            if (isDone) setChosen(new Set());
          }}
        />
      ) : null}
    </>
  );
}

function Row({ preview, isChosen, choose, act }: { preview: Preview; isChosen: boolean; choose: (on: boolean) => void; act: (name: Act) => void }) {
  const { t } = useTranslation();
  const why = useWhyNot(preview.lease.requestedBy);
  const where = { issue: preview.issue, environment: preview.environment };
  return (
    <tr>
      <td className="hub-check"><Checkbox id={`choose-${idOf(preview)}`} aria-label={t("previews.chooseOne", where)} isChecked={isChosen} onChange={(_, on) => choose(on)} /></td>
      <th scope="row" data-label={t("preview.issue")}>
        <Link data-row to={previewPath(preview.environment, preview.issue)}>{preview.issue}</Link>
        {preview.branch ? <span className="hub-quiet hub-branch">{preview.branch}</span> : null}
        {preview.designChange ? <span className="hub-phase hub-phase-warning hub-branch"><span aria-hidden="true">◆</span> {t("preview.designChanged")}</span> : null}
      </th>
      <td className="hub-bare" data-label={t("preview.environment")}><EnvironmentLabel name={preview.environment} /></td>
      <td className="hub-bare" data-label={t("preview.phase")}><PhaseLabel phase={phaseOf(preview)} /></td>
      <td data-label={t("preview.left")}><Left ends={preview.lease.expiresAt} isRequest={preview.isRequest} /></td>
      <td className="hub-bare hub-whole" data-label={t("preview.address")}>{preview.isRequest ? <span className="hub-quiet">{t("preview.notYet")}</span> : <PreviewLink address={preview.url} environment={preview.environment} isShort />}</td>
      <td data-label={t("preview.requester")}>{preview.lease.requestedBy}</td>
      <td data-label={t("price.title")}><PriceShort price={preview.price} /></td>
      <td className="hub-acts">
        <Reasoned size="sm" variant="secondary" why={why ?? (preview.isRequest ? t("why.notMerged") : null)} aria-label={t("act.extend.title", where)} onClick={() => act("extend")}>{t("act.extend.short")}</Reasoned>
        <Reasoned size="sm" variant="secondary" why={why} aria-label={t("act.stop.title", where)} onClick={() => act("stop")}>{t("act.stop.short")}</Reasoned>
      </td>
    </tr>
  );
}

function Filter({ filters, facets, set, total }: { filters: Filters; facets: Facets | undefined; set: (changed: Record<string, string>) => void; total: number | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [typed, setTyped] = useState(filters.text);
  const [last, setLast] = useState(filters.text);
  const [asked, setAsked] = useState(filters.text);
  const [isOpen, setOpen] = useState(false);
  if (filters.text !== last) {
    setLast(filters.text);
    // What this field asked for arrives while more is typed; what others asked for, such as Back, is shown.
    if (filters.text !== asked) {
      setAsked(filters.text);
      setTyped(filters.text);
    }
  }
  useEffect(() => {
    if (typed === filters.text) return;
    const timer = setTimeout(() => {
      setAsked(typed);
      set({ text: typed });
    }, 300);
    return () => clearTimeout(timer);
  }, [typed, filters.text, set]);
  const isMine = filters.requester === "me";
  const narrowed = [filters.env, filters.phase, filters.project, isMine ? "" : filters.requester].filter(Boolean).length;
  return (
    <div className="hub-filters" role="search" aria-label={t("filter.title")}>
      <ToggleGroup aria-label={t("filter.whose")}>
        <ToggleGroupItem text={t("filter.mine")} buttonId="whose-mine" isSelected={isMine} onChange={() => set({ requester: "" })} />
        <ToggleGroupItem text={t("filter.everybody")} buttonId="whose-all" isSelected={filters.requester === ""} onChange={() => set({ requester: "all" })} />
      </ToggleGroup>
      <SearchInput searchInputId="hub-search" aria-label={t("filter.text")} placeholder={t("filter.text")} value={typed} onChange={(_, value) => setTyped(value.slice(0, MOST_TYPED))} onClear={() => setTyped("")} resetButtonLabel={t("action.clear")} />
      <Button className="hub-fold" variant="secondary" aria-expanded={isOpen} aria-controls="hub-choices" onClick={() => setOpen(!isOpen)}>
        {narrowed > 0 ? t("filter.moreSet", { shown: format.number(narrowed) }) : t("filter.more")} <span aria-hidden="true">{isOpen ? "▴" : "▾"}</span>
      </Button>
      <div id="hub-choices" className={isOpen ? "hub-folded hub-open" : "hub-folded"}>
        <Choice name="env" value={filters.env} counts={facets?.env} set={set} all={t("filter.env")} />
        <Choice name="phase" value={filters.phase} counts={facets?.phase} set={set} all={t("filter.phase")} words={(one) => t(`phase.${one}`, { defaultValue: one })} />
        <Choice name="project" value={filters.project} counts={facets?.project} set={set} all={t("filter.project")} />
        {isMine ? null : <Choice name="requester" value={filters.requester} counts={facets?.requester} set={(one) => set({ requester: one.requester || "all" })} all={t("filter.requester")} />}
        <FormSelect aria-label={t("filter.sort")} value={`${filters.sort}${filters.reverse ? "-" : ""}`} onChange={(_, value) => set({ sort: value.replace("-", "") === "key" ? "" : value.replace("-", ""), reverse: value.endsWith("-") ? "true" : "" })}>
          {SORTS.flatMap((one) => [one, `${one}-`]).map((one) => <FormSelectOption key={one} value={one} label={t(`sort.${one}`)} />)}
        </FormSelect>
      </div>
      <span className="hub-total" role="status">{total === undefined ? "" : t("filter.total", { count: total, shown: format.number(total) })}</span>
    </div>
  );
}

function Choice({ name, value, counts, set, all, words = (one) => one }: {
  name: string; value: string; counts: Record<string, number> | undefined; set: (changed: Record<string, string>) => void; all: string; words?: (one: string) => string;
}) {
  const format = useFormat();
  const known = Object.entries(counts ?? {});
  if (value && !known.some(([one]) => one === value)) known.unshift([value, 0]);
  return (
    <FormSelect aria-label={all} value={value} onChange={(_, one) => set({ [name]: one })} className={value ? "hub-chosen" : ""}>
      <FormSelectOption value="" label={all} />
      {known.map(([one, count]) => <FormSelectOption key={one} value={one} label={`${words(one)} (${format.number(count)})`} />)}
    </FormSelect>
  );
}

function Bulk({ count, act, clear }: { count: number; act: (name: Act) => void; clear: () => void }) {
  const { t } = useTranslation();
  const why = count > MOST_AT_ONCE ? t("previews.tooMany", { most: MOST_AT_ONCE }) : null;
  return (
    <div className="hub-bulk" role="region" aria-label={t("previews.chosenTitle")}>
      <strong role="status">{t("previews.chosen", { count })}</strong>
      <Reasoned why={why} variant="secondary" onClick={() => act("extend")}>{t("act.extend.many")}</Reasoned>
      <Reasoned why={why} variant="danger" onClick={() => act("stop")}>{t("act.stop.many")}</Reasoned>
      <Button variant="link" onClick={clear}>{t("action.clear")}</Button>
    </div>
  );
}

/** The issue that a search names; null: it names none. */
function issueOf(text: string): string | null {
  return /^[A-Z][A-Z0-9]{0,19}-\d{1,10}$/i.test(text.trim()) ? text.trim().toUpperCase() : null;
}

function NoPreviews({ isFiltered, issue }: { isFiltered: boolean; issue: string | null }) {
  const { t } = useTranslation();
  const { data } = useSummary();
  const others = data?.total ?? 0;
  return (
    <>
      {data?.mine.failedOperations ? <Alert variant="warning" isInline component="h2" title={t("previews.failed", { count: data.mine.failedOperations })} actionLinks={<Link to="/operations">{t("screen.operations")}</Link>} /> : null}
      <Nothing
        title={t(isFiltered ? "previews.noneMatch" : "previews.noneMine")}
        action={
          <>
            <LinkButton to="/start" variant="primary">{t("previews.start")}</LinkButton>
            {issue ? <LinkButton variant="secondary" to={`/preview/${issue}`}>{t("previews.whatBecame", { issue })}</LinkButton> : null}
            {others > 0 ? <LinkButton variant="link" to="/?requester=all">{t("previews.showAll", { count: others })}</LinkButton> : null}
          </>
        }
      >
        {t(isFiltered ? "previews.noneMatchSays" : "previews.noneMineSays")}
      </Nothing>
    </>
  );
}
