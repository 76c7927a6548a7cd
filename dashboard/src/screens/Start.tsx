import {
  Button, Checkbox, ExpandableSection, Form, FormGroup, FormHelperText,
  FormSelect, FormSelectOption, HelperText, HelperTextItem, TextInput,
} from "@patternfly/react-core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { newKey } from "../api/client";
import { useCarryOut } from "../api/operating";
import { asProblem, type Problem } from "../api/problem";
import { useBlueprint, useBlueprints, useEnvironments, usePlan, useSummary, type StartBody } from "../api/queries";
import type { BlueprintForm, JsonSchema } from "../api/shapes";
import { withChosen } from "../parts/choices";
import { Heading } from "../parts/Heading";
import { draft, keepDraft } from "../parts/kept";
import { EnvironmentLabel } from "../parts/labels";
import { previewPath } from "../parts/links";
import { PlanView } from "../parts/PlanView";
import { Reasoned } from "../parts/Reasoned";
import { useSay } from "../parts/Say";
import { Asked, Block, Failed } from "../parts/States";
import { Alert } from "../parts/Notice";
import { useFormat } from "../text/format";

/** What is typed: each a text, and what is empty is left to the blueprint and the environment. */
interface Typed {
  issue: string;
  environment: string;
  blueprint: string;
  branch: string;
  compute: string;
  ttl: string;
  reason: string;
  queue: boolean;
  images: Record<string, string>;
  settings: Record<string, string>;
}
const NAME = "start";
const EMPTY: Typed = { issue: "", environment: "", blueprint: "", branch: "", compute: "", ttl: "", reason: "", queue: true, images: {}, settings: {} };

/** The draft of before, where there is one that can be read. */
function begun(search: URLSearchParams): Typed {
  const asked = { ...EMPTY, issue: search.get("issue") ?? "", environment: search.get("env") ?? "" };
  const text = draft(NAME);
  if (!text || search.has("issue")) return asked;
  try {
    const found = JSON.parse(text) as Partial<Typed>;
    return { ...EMPTY, ...found, images: { ...found.images }, settings: { ...found.settings } };
  } catch {
    return asked;
  }
}

/** The body of the request: nothing that is empty. */
function bodyOf(typed: Typed): StartBody {
  const given = (text: string): boolean => text.trim() !== "";
  const images = Object.fromEntries(Object.entries(typed.images).filter(([, image]) => given(image)).map(([name, image]) => [name, image.trim()]));
  const settings = Object.entries(typed.settings).filter(([, value]) => given(value)).map(([field, value]): [string, string] => [field, value]);
  return {
    issue: typed.issue.trim(), environment: typed.environment, images, settings, queue: typed.queue, reason: typed.reason.trim(),
    ...(given(typed.blueprint) ? { blueprint: typed.blueprint } : {}),
    ...(given(typed.branch) ? { branch: typed.branch.trim() } : {}),
    ...(given(typed.compute) ? { compute: typed.compute as "fargate" } : {}),
    ...(given(typed.ttl) ? { ttl: typed.ttl.trim() } : {}),
  };
}

/** A preview is asked for: the form on one side, on the other what would come of it. */
export function Start() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const format = useFormat();
  const { say } = useSay();
  const carryOut = useCarryOut();
  const environments = useEnvironments();
  const blueprints = useBlueprints();
  const summary = useSummary();
  const [typed, setTyped] = useState<Typed>(() => begun(search));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const key = useRef({ text: "", key: "" });
  const known = environments.data?.environments ?? [];
  const environment = typed.environment || known.find((one) => !one.gated)?.name || "";
  const blueprint = typed.blueprint || blueprints.data?.blueprints.find((one) => one.isDefault)?.name || blueprints.data?.blueprints[0]?.name || "";
  const form = useBlueprint(blueprint, environment);
  const gated = new Set(known.filter((one) => one.gated).map((one) => one.name));
  const isGated = gated.has(environment);
  // What is reviewed waits for no room: each request is merged by itself.
  const whole = useMemo(() => ({ ...typed, environment, blueprint, queue: typed.queue && !isGated }), [typed, environment, blueprint, isGated]);
  const missing = missingImages(form.data, typed);
  // Until the environments are known, whether this one is reviewed is not; a plan without its images is a refusal.
  const body = useSettled(whole, known.length > 0 && missing.length === 0);
  const plan = usePlan(body);
  const why = summary.data?.may.start[environment] ?? null;
  useEffect(() => {
    keepDraft(NAME, JSON.stringify(typed) === JSON.stringify(EMPTY) ? null : JSON.stringify(typed));
  }, [typed]);

  const change = (changed: Partial<Typed>): void => setTyped((before) => ({ ...before, ...changed }));
  const submit = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const asked = bodyOf(whole);
    const text = JSON.stringify(asked);
    if (key.current.text !== text) key.current = { text, key: newKey() };
    try {
      await carryOut({ action: "start", body: asked }, key.current.key);
      keepDraft(NAME, null);
      say("success", t(isGated ? "start.asked" : "start.done", { issue: asked.issue, environment }));
      void navigate(previewPath(environment, asked.issue.toUpperCase()));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Heading title={t("screen.start")} beside={environment ? <EnvironmentLabel name={environment} isGated={isGated} /> : null} />
      <div className="hub-two">
        <Form className={isGated ? "hub-in-gated" : undefined} onSubmit={(event) => { event.preventDefault(); if (!isBusy && !why) void submit(); }}>
          {isGated ? <Alert variant="warning" isInline component="h2" title={t("plan.asksReview", { environment })} /> : null}
          <FormGroup label={t("preview.issue")} fieldId="start-issue" isRequired>
            <TextInput id="start-issue" isRequired value={typed.issue} maxLength={40} autoComplete="off" placeholder="RTB-123" onChange={(_, value) => change({ issue: value })} />
          </FormGroup>
          <FormGroup label={t("preview.environment")} fieldId="start-env" isRequired>
            <FormSelect id="start-env" value={environment} onChange={(_, value) => change({ environment: value })}>
              {withChosen(known.map((one) => one.name), environment).map((one) => <FormSelectOption key={one} value={one} label={gated.has(one) ? t("start.gated", { environment: one }) : one} />)}
            </FormSelect>
          </FormGroup>
          <FormGroup label={t("preview.blueprint")} fieldId="start-blueprint">
            <FormSelect id="start-blueprint" value={blueprint} onChange={(_, value) => change({ blueprint: value, images: {}, settings: {} })}>
              {withChosen((blueprints.data?.blueprints ?? []).map((one) => one.name), blueprint).map((one) => <FormSelectOption key={one} value={one} label={one} />)}
            </FormSelect>
            <FormHelperText><HelperText><HelperTextItem><span lang="en">{form.data?.summary ?? ""}</span></HelperTextItem></HelperText></FormHelperText>
          </FormGroup>
          {environments.error ? <Failed problem={asProblem(environments.error)} retry={() => void environments.refetch()} /> : null}
          {blueprints.error ? <Failed problem={asProblem(blueprints.error)} retry={() => void blueprints.refetch()} /> : null}
          <FormGroup label={t("preview.branch")} fieldId="start-branch">
            <TextInput id="start-branch" value={typed.branch} maxLength={200} autoComplete="off" onChange={(_, value) => change({ branch: value })} />
          </FormGroup>
          <Asked query={form} rows={3}>{(found) => <Fields form={found} typed={typed} change={change} />}</Asked>
          <FormGroup label={t("lease.ttl")} fieldId="start-ttl">
            <TextInput id="start-ttl" value={typed.ttl} maxLength={20} placeholder={known.find((one) => one.name === environment)?.lease.ttl ?? "24h"} onChange={(_, value) => change({ ttl: value })} aria-describedby="start-ttl-help" />
            <FormHelperText><HelperText id="start-ttl-help"><HelperTextItem>{t("start.ttlHelp")}</HelperTextItem></HelperText></FormHelperText>
          </FormGroup>
          <FormGroup label={t("act.reason")} fieldId="start-reason">
            <TextInput id="start-reason" value={typed.reason} maxLength={500} onChange={(_, value) => change({ reason: value })} />
          </FormGroup>
          {isGated ? null : <Checkbox id="start-queue" label={t("start.queue")} isChecked={typed.queue} onChange={(_, on) => change({ queue: on })} />}
          {problem ? <div role="alert"><Failed problem={problem} /></div> : null}
          <div className="hub-submit">
            <Reasoned type="submit" variant="primary" why={why && <span lang="en">{why}</span>} isLoading={isBusy} spinnerAriaLabel={t("act.working")} isDisabled={typed.issue.trim() === "" || environment === ""}>
              {t(isGated ? "start.ask" : "start.do", { environment })}
            </Reasoned>
            <Button variant="link" onClick={() => setTyped(EMPTY)}>{t("action.clear")}</Button>
          </div>
        </Form>
        <div className="hub-aside">
          <Block title={t("start.plan")}>
            <div aria-live="polite" aria-busy={plan.isFetching}>
              {body === null ? <p className="hub-quiet">{typed.issue.trim() === "" || missing.length === 0 ? t("start.planNext") : t("start.missing", { names: format.list(missing.map((name) => t("start.image", { name }))) })}</p> : <Asked query={plan} rows={4}>{(found) => <PlanView plan={found} />}</Asked>}
            </div>
          </Block>
        </div>
      </div>
    </>
  );
}

/** Components whose image is asked for and not typed yet. */
function missingImages(form: BlueprintForm | undefined, typed: Typed): string[] {
  return (form?.schema.properties?.images?.required ?? []).filter((name) => (typed.images[name] ?? "").trim() === "");
}

/** The body once typing rested for a moment; null: there is not enough of it yet. */
function useSettled(typed: Typed, isWhole: boolean): StartBody | null {
  const text = typed.issue.trim() === "" || typed.environment === "" || !isWhole ? "" : JSON.stringify(bodyOf(typed));
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 400);
    return () => clearTimeout(timer);
  }, [text]);
  return useMemo(() => (settled === "" ? null : (JSON.parse(settled) as StartBody)), [settled]);
}

/** What the blueprint asks for: an image for each component, and its settings, as its schema has them. */
function Fields({ form, typed, change }: { form: BlueprintForm; typed: Typed; change: (changed: Partial<Typed>) => void }) {
  const { t } = useTranslation();
  const images = form.schema.properties?.images;
  const settings = form.schema.properties?.settings;
  const compute = form.schema.properties?.compute;
  const about = new Map(form.fields.map((one) => [one.field, one.about]));
  const computes = choices(compute);
  const components = [...new Set([...Object.keys(images?.properties ?? {}), ...Object.keys(settings?.properties ?? {})])];
  return (
    <>
      {components.map((component) => {
        const image = images?.properties?.[component];
        const fields = Object.entries(settings?.properties?.[component]?.properties ?? {});
        const given = fields.filter(([field]) => (typed.settings[`${component}.${field}`] ?? "") !== "").length;
        return (
          <fieldset key={component} className="hub-group">
            <legend>{component}</legend>
            {image ? (
              <One id={`image-${component}`} label={t("start.image", { name: component })} schema={image} about={image.description} value={typed.images[component] ?? ""}
                isRequired={images?.required?.includes(component) ?? false} set={(value) => change({ images: { ...typed.images, [component]: value } })} />
            ) : null}
            {fields.length > 0 ? (
              <ExpandableSection toggleText={t(given > 0 ? "start.settingsSet" : "start.settings", { name: component, shown: given })}>
                <div className="hub-settings">
                  {fields.map(([field, schema]) => {
                    const name = `${component}.${field}`;
                    return (
                      <One key={name} id={`setting-${name}`} label={field} schema={schema} about={about.get(name) ?? schema.description} value={typed.settings[name] ?? ""}
                        isRequired={false} set={(value) => change({ settings: { ...typed.settings, [name]: value } })} />
                    );
                  })}
                </div>
              </ExpandableSection>
            ) : null}
          </fieldset>
        );
      })}
      {computes.length > 1 ? (
        <FormGroup label={t("start.compute")} fieldId="start-compute">
          <FormSelect id="start-compute" value={typed.compute} onChange={(_, value) => change({ compute: value })}>
            <FormSelectOption value="" label={t("start.byDefault")} />
            {computes.map((one) => <FormSelectOption key={one} value={one} label={one} />)}
          </FormSelect>
        </FormGroup>
      ) : null}
    </>
  );
}

/** The values that a schema allows, where they are a list. */
function choices(schema: JsonSchema | undefined): string[] {
  if (!schema) return [];
  if (schema.enum) return schema.enum.filter((one) => typeof one === "string");
  const parts = (schema as { anyOf?: JsonSchema[] }).anyOf ?? [];
  return parts.flatMap(choices);
}

function One({ id, label, schema, about, value, isRequired, set }: {
  id: string; label: string; schema: JsonSchema; about: string | undefined; value: string; isRequired: boolean; set: (value: string) => void;
}) {
  const { t } = useTranslation();
  const allowed = choices(schema);
  const example = schema.default ?? schema.examples?.[0];
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {allowed.length > 0 ? (
        <FormSelect id={id} value={value} onChange={(_, one) => set(one)}>
          <FormSelectOption value="" label={t("start.byDefault")} />
          {allowed.map((one) => <FormSelectOption key={one} value={one} label={one} />)}
        </FormSelect>
      ) : (
        <TextInput id={id} value={value} isRequired={isRequired} maxLength={schema.maxLength ?? 5000} autoComplete="off" placeholder={example === undefined || example === null ? undefined : String(example)} onChange={(_, one) => set(one)} />
      )}
      {about ? <FormHelperText><HelperText><HelperTextItem><span lang="en">{about}</span></HelperTextItem></HelperText></FormHelperText> : null}
    </FormGroup>
  );
}
