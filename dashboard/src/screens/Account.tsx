import {
  Button, Checkbox, ClipboardCopy, Form, FormGroup, FormSelect,
  FormSelectOption, Modal, ModalBody, ModalFooter, ModalHeader, Switch, TextInput,
} from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, told } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { useEnvironments, useProviders, useSessions, useTokens } from "../api/queries";
import type { Session, Token } from "../api/shapes";
import { Heading } from "../parts/Heading";
import { deviceOf } from "../parts/device";
import { mayAs, usePerson } from "../parts/person";
import { Reasoned } from "../parts/Reasoned";
import { switchShortcuts, useShortcutsOn } from "../parts/shortcuts";
import { signOut } from "../parts/signing";
import { Asked, Block, Failed, Nothing } from "../parts/States";
import { Moment } from "../parts/time";
import { useTried } from "../parts/tried";
import { useFormat } from "../text/format";
import { Alert } from "../parts/Notice";

/** Who one is here, where one is signed in, and what one's keys do. */
export function Account() {
  const { t } = useTranslation();
  const me = usePerson();
  const isOn = useShortcutsOn();
  return (
    <>
      <Heading title={t("screen.account")} />
      <div className="hub-grid">
        <Block title={t("account.me")}>
          {me ? (
            <dl className="hub-facts">
              <div><dt>{t("account.name")}</dt><dd>{me.name}</dd></div>
              <div><dt>{t("account.role")}</dt><dd>{me.role ? t(`role.${me.role}`) : t("role.none")}</dd></div>
              <div><dt>{t("account.via")}</dt><dd>{t(`account.by.${me.via}`, { defaultValue: me.via })}</dd></div>
            </dl>
          ) : <Nothing title={t("session.nobody")} />}
          {me?.role === null ? <Alert variant="warning" isInline component="h3" title={t("role.noneTitle")}>{t("role.noneSays")}</Alert> : null}
          {me ? <Identities /> : null}
        </Block>
        <Block title={t("account.keys")}>
          <Switch id="shortcuts" label={isOn ? t("help.on") : t("help.off")} isChecked={isOn} onChange={(_, on) => switchShortcuts(on)} />
        </Block>
      </div>
      {me ? <Sessions /> : null}
      {me ? <Tokens /> : null}
    </>
  );
}

function Identities() {
  const { t } = useTranslation();
  const me = usePerson();
  const providers = useProviders();
  const linked = new Set(me?.identities.map((one) => one.provider));
  return (
    <>
      <h3>{t("account.linked")}</h3>
      <ul>{me?.identities.map((one) => <li key={`${one.provider} ${one.name}`}>{t(`account.by.${one.provider}`, { defaultValue: one.provider })}: {one.name}{one.provider === "slack" ? <> <a href="/api/auth/slack">{t("account.slack")}</a></> : null}</li>)}</ul>
      {providers.data?.providers.filter((one) => one.id !== "local" && !linked.has(one.id)).map((one) => (
        <Button key={one.id} variant="secondary" component="a" href={`/api/auth/login?provider=${encodeURIComponent(one.id)}&link=1&next=%2Faccount`}>{t("account.link", { name: one.name })}</Button>
      ))}
    </>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const query = useSessions();
  const client = useQueryClient();
  const navigate = useNavigate();
  const tried = useTried();
  const end = async (one: Session): Promise<void> => {
    await tried(() => told(api.DELETE("/api/auth/sessions/{session_id}", { params: { path: { session_id: one.id } } })), t("account.ended"));
    await client.invalidateQueries({ queryKey: ["sessions"] });
  };
  const everywhere = async (): Promise<void> => {
    if (await tried(() => signOut(client, "logout-everywhere"))) void navigate("/sign-in");
  };
  return (
    <Block title={t("account.sessions")} actions={<Button variant="danger" onClick={() => void everywhere()}>{t("session.everywhere")}</Button>}>
      <Asked query={query} rows={2}>{(found) => (
        <table className="hub-table" aria-label={t("account.sessions")}>
          <thead><tr><th scope="col">{t("account.device")}</th><th scope="col">{t("account.since")}</th><th scope="col">{t("account.used")}</th><th scope="col">{t("account.until")}</th><th scope="col"><span className="pf-v6-screen-reader">{t("preview.actions")}</span></th></tr></thead>
          <tbody>
            {found.sessions.map((one) => (
              <tr key={one.id}>
                <th scope="row" data-label={t("account.device")}>{t(`account.kind.${one.kind}`, { defaultValue: one.kind })} {one.isThis ? <strong>({t("account.this")})</strong> : null}<div className="hub-quiet" title={one.userAgent ?? undefined}>{deviceOf(one.userAgent ?? "")} {one.address ?? ""}</div></th>
                <td data-label={t("account.since")}><Moment at={one.createdAt} /></td>
                <td data-label={t("account.used")}>{one.lastUsedAt ? <Moment at={one.lastUsedAt} /> : "–"}</td>
                <td data-label={t("account.until")}><Moment at={one.expiresAt} exact /></td>
                <td className="hub-acts"><Button size="sm" variant="secondary" onClick={() => void end(one)}>{t("account.end")}</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}</Asked>
    </Block>
  );
}

const SCOPES = ["preview:read", "preview:write", "preview:request-prd", "jira:event"] as const;

function Tokens() {
  const { t } = useTranslation();
  const me = usePerson();
  const isAdmin = mayAs(me, "admin");
  const query = useTokens(isAdmin);
  const client = useQueryClient();
  const tried = useTried();
  const [making, setMaking] = useState(false);
  const revoke = async (one: Token): Promise<void> => {
    await tried(() => told(api.DELETE("/api/auth/tokens/{token_id}", { params: { path: { token_id: one.id } } })), t("token.revoked", { name: one.name }));
    await client.invalidateQueries({ queryKey: ["tokens"] });
  };
  const why = isAdmin ? null : t("why.role", { role: t("role.admin") });
  return (
    <Block title={t("token.title")} actions={<Reasoned variant="secondary" why={why} onClick={() => setMaking(true)}>{t("token.make")}</Reasoned>}>
      {isAdmin ? (
        <Asked query={query} rows={2}>{(found) => found.tokens.length === 0 ? <Nothing title={t("token.none")}>{t("token.noneSays")}</Nothing> : (
          <table className="hub-table" aria-label={t("token.title")}>
            <thead><tr><th scope="col">{t("account.name")}</th><th scope="col">{t("token.scopes")}</th><th scope="col">{t("account.until")}</th><th scope="col">{t("account.used")}</th><th scope="col"><span className="pf-v6-screen-reader">{t("preview.actions")}</span></th></tr></thead>
            <tbody>
              {found.tokens.map((one) => (
                <tr key={one.id}>
                  <th scope="row" data-label={t("account.name")}>{one.name} <code className="hub-quiet">{one.prefix}…</code></th>
                  <td data-label={t("token.scopes")}>{one.scopes.join(", ")} {one.environments.length > 0 ? <span className="hub-quiet">{one.environments.join(", ")}</span> : null}</td>
                  <td data-label={t("account.until")}>{one.revokedAt ? t("token.gone") : <Moment at={one.expiresAt} exact />}</td>
                  <td data-label={t("account.used")}>{one.lastUsedAt ? <Moment at={one.lastUsedAt} /> : t("token.never")}</td>
                  <td className="hub-acts">{one.revokedAt ? null : <Button size="sm" variant="danger" aria-label={t("token.revokeOne", { name: one.name })} onClick={() => void revoke(one)}>{t("token.revoke")}</Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}</Asked>
      ) : <p className="hub-quiet">{why}</p>}
      {making ? <Making close={() => { setMaking(false); void client.invalidateQueries({ queryKey: ["tokens"] }); }} /> : null}
    </Block>
  );
}

function Making({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const environments = useEnvironments();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly (typeof SCOPES)[number][]>(["preview:read"]);
  const [of, setOf] = useState<readonly string[]>([]);
  const [days, setDays] = useState("90");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [made, setMade] = useState<(Token & { token: string }) | null>(null);
  const make = async (): Promise<void> => {
    try {
      setMade(await told<Token & { token: string }>(api.POST("/api/auth/tokens", { body: { name: name.trim(), scopes: [...scopes], environments: [...of], days: Number(days) } })));
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const toggled = <T,>(all: readonly T[], one: T, on: boolean): T[] => (on ? [...all, one] : all.filter((each) => each !== one));
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="token-title">
      <ModalHeader labelId="token-title" title={t("token.make")} />
      <ModalBody>
        {made ? (
          <Alert variant="success" isInline component="h3" title={t("token.made", { name: made.name })}>
            <p>{t("token.once")}</p>
            <ClipboardCopy isReadOnly isCode hoverTip={t("action.copy")} clickTip={t("action.copied")} textAriaLabel={t("token.secret")}>{made.token}</ClipboardCopy>
          </Alert>
        ) : (
          <Form id="token-form" onSubmit={(event) => { event.preventDefault(); void make(); }}>
            <FormGroup label={t("account.name")} fieldId="token-name" isRequired><TextInput id="token-name" isRequired maxLength={63} value={name} placeholder="ci" onChange={(_, value) => setName(value)} /></FormGroup>
            <FormGroup role="group" label={t("token.scopes")} fieldId="token-scopes">
              {SCOPES.map((one) => <Checkbox key={one} id={`scope-${one}`} label={t(`scope.${one.replace(":", "_")}`)} isChecked={scopes.includes(one)} onChange={(_, on) => setScopes(toggled(scopes, one, on))} />)}
            </FormGroup>
            <FormGroup role="group" label={t("token.environments")} fieldId="token-environments">
              {(environments.data?.environments ?? []).map((one) => <Checkbox key={one.name} id={`of-${one.name}`} label={one.name} isChecked={of.includes(one.name)} onChange={(_, on) => setOf(toggled(of, one.name, on))} />)}
            </FormGroup>
            <FormGroup label={t("account.until")} fieldId="token-days">
              <FormSelect id="token-days" value={days} onChange={(_, value) => setDays(value)}>{["7", "30", "90", "365"].map((one) => <FormSelectOption key={one} value={one} label={t("statistics.forDays", { count: Number(one), shown: format.number(Number(one)) })} />)}</FormSelect>
            </FormGroup>
          </Form>
        )}
        {problem && !made ? <div role="alert"><Failed problem={problem} /></div> : null}
      </ModalBody>
      <ModalFooter>
        {made ? <Button onClick={close}>{t("action.close")}</Button> : <><Button type="submit" form="token-form" isDisabled={name.trim() === "" || scopes.length === 0}>{t("token.make")}</Button><Button variant="link" onClick={close}>{t("action.cancel")}</Button></>}
      </ModalFooter>
    </Modal>
  );
}
