import { Button, Form, FormGroup, FormSelect, FormSelectOption, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, told } from "../api/client";
import { readAnew } from "../api/operating";
import { asProblem, type Problem } from "../api/problem";
import { useEnvironments } from "../api/queries";
import type { Environment, Freeze } from "../api/shapes";
import { LengthChoice } from "../parts/choices";
import { Heading } from "../parts/Heading";
import { EnvironmentLabel } from "../parts/labels";
import { Host, Outside } from "../parts/links";
import { mayAs, usePerson } from "../parts/person";
import { RoomBar } from "../parts/PlanView";
import { Reasoned } from "../parts/Reasoned";
import { useSay } from "../parts/Say";
import { Asked, Block, Failed, Nothing, Unread } from "../parts/States";
import { Moment } from "../parts/time";
import { useTried } from "../parts/tried";
import { useFormat } from "../text/format";

/** What there is room for in each environment, what it costs, and whether anything may start. */
export function Environments() {
  const { t } = useTranslation();
  const query = useEnvironments();
  const me = usePerson();
  const [freezing, setFreezing] = useState(false);
  const why = mayAs(me, "operator") ? null : t("why.role", { role: t("role.operator") });
  return (
    <>
      <Heading title={t("screen.environments")}>
        <Reasoned variant="secondary" why={why} onClick={() => setFreezing(true)}>{t("freeze.begin")}</Reasoned>
      </Heading>
      <Asked query={query}>{(found) => (
        <>
          <Unread about={found} />
          {found.environments.length === 0 ? <Nothing title={t("environment.none")}>{t("environment.noneSays")}</Nothing> : null}
          <div className="hub-grid hub-places">{found.environments.map((one) => <One key={one.name} environment={one} whyNot={why} />)}</div>
          {freezing ? <Freezing environments={found.environments.map((one) => one.name)} close={() => setFreezing(false)} /> : null}
        </>
      )}</Asked>
    </>
  );
}

function One({ environment, whyNot }: { environment: Environment; whyNot: string | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { spend } = environment;
  return (
    <Block title={environment.name} actions={environment.gated ? <EnvironmentLabel name={environment.name} isGated /> : null}>
      <p>
        <Link to={`/?requester=all&env=${encodeURIComponent(environment.name)}`}>{t("environment.previews", { count: environment.previews })}</Link>
        {environment.waiting > 0 ? <> · <Link to="/waiting">{t("environment.waiting", { count: environment.waiting })}</Link></> : null}
        {environment.awaiting > 0 ? <> · <Link to="/waiting">{t("environment.awaiting", { count: environment.awaiting })}</Link></> : null}
      </p>
      {environment.room.map((room) => <RoomBar key={`${room.what} ${room.where ?? ""}`} room={room} />)}
      <dl className="hub-facts hub-money">
        <div><dt>{t("spend.perHour")}</dt><dd>{format.money(spend.perHour, spend.currency)}</dd></div>
        <div><dt>{t("spend.soFar")}</dt><dd>{format.money(spend.soFar, spend.currency)}</dd></div>
        <div><dt>{t("spend.toCome")}</dt><dd>{format.money(spend.toCome, spend.currency)}</dd></div>
        {Number(spend.fixedPerHour) > 0 ? <div><dt>{t("spend.fixed")}</dt><dd>{format.money(spend.fixedPerHour, spend.currency)}</dd></div> : null}
      </dl>
      <p className="hub-quiet">{t("spend.asOf", { day: spend.asOf })}</p>
      <dl className="hub-facts">
        <div><dt>{t("environment.account")}</dt><dd><code>{environment.account} · {environment.region}</code></dd></div>
        <div><dt>{t("environment.domain")}</dt><dd className="hub-address"><Host name={environment.domain} /></dd></div>
        <div><dt>{t("lease.title")}</dt><dd>{t("environment.lease", { ttl: environment.lease.ttl, cap: environment.lease.cap })}</dd></div>
        {environment.forge ? <div><dt>{t("environment.forge")}</dt><dd><Outside address={environment.forge.url}>{environment.forge.kind}</Outside></dd></div> : null}
      </dl>
      {(environment.freezes ?? []).map((one) => <Frozen key={one.id} freeze={one} whyNot={whyNot} />)}
    </Block>
  );
}

function Frozen({ freeze, whyNot }: { freeze: Freeze; whyNot: string | null }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const tried = useTried();
  const lift = async (): Promise<void> => {
    await tried(() => told(api.DELETE("/api/v1/freezes/{freeze_id}", { params: { path: { freeze_id: freeze.id } } })), t("freeze.lifted"));
    await readAnew(client);
  };
  return (
    <div className="hub-frozen">
      <p><strong>{t("freeze.title")}</strong> {t("freeze.until")} <Moment at={freeze.until} exact /> · {freeze.by}: {freeze.reason}</p>
      <Reasoned size="sm" variant="secondary" why={whyNot} onClick={() => void lift()}>{t("freeze.lift")}</Reasoned>
    </div>
  );
}

function Freezing({ environments, close }: { environments: string[]; close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { say } = useSay();
  const [scope, setScope] = useState(environments[0] ?? "*");
  const [lasts, setLasts] = useState("4h");
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const begin = async (): Promise<void> => {
    setBusy(true);
    try {
      await told(api.POST("/api/v1/freezes", { body: { scope, lasts, reason: reason.trim() } }));
      say("success", t("freeze.begun"));
      await readAnew(client);
      close();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="freeze-title">
      <ModalHeader labelId="freeze-title" title={scope === "*" ? t("freeze.dialogEverywhere") : t("freeze.dialog", { environment: scope })} titleIconVariant="warning" />
      <ModalBody>
        <p>{t("freeze.means")}</p>
        <Form id="freeze-form" onSubmit={(event) => { event.preventDefault(); if (!isBusy) void begin(); }}>
          <FormGroup label={t("preview.environment")} fieldId="freeze-scope">
            <FormSelect id="freeze-scope" value={scope} onChange={(_, value) => setScope(value)}>
              {environments.map((one) => <FormSelectOption key={one} value={one} label={one} />)}
              <FormSelectOption value="*" label={t("freeze.all")} />
            </FormSelect>
          </FormGroup>
          <FormGroup label={t("freeze.lasts")} fieldId="freeze-lasts">
            <LengthChoice id="freeze-lasts" value={lasts} set={setLasts} />
          </FormGroup>
          <FormGroup label={t("act.reason")} fieldId="freeze-reason" isRequired><TextInput id="freeze-reason" isRequired maxLength={500} value={reason} onChange={(_, value) => setReason(value)} /></FormGroup>
        </Form>
        {problem ? <div role="alert"><Failed problem={problem} /></div> : null}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="freeze-form" variant="danger" isDisabled={reason.trim() === ""} isLoading={isBusy} spinnerAriaLabel={t("act.working")}>{t("freeze.begin")}</Button>
        <Button variant="link" onClick={close}>{t("action.cancel")}</Button>
      </ModalFooter>
    </Modal>
  );
}
