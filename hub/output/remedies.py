"""The command line's words for what can be done with the hub about a fault: its commands, as a shell takes them."""

from __future__ import annotations

from collections.abc import Mapping

from generator.errors import Fault, RemedyKind, ToDo
from generator.values.shell import shell_word

_PROTECT = "rtb-hub protect --apply, with an administrator's key"
WAIT = "; or queue it ('start --queue')"
_LAY_OUT_AGAIN = "lay it out again: rtb-hub init DIR (the repository, with your --environments)"
_RESTART = "Argo CD does not try the same commit again: once the cause is gone, stop the preview and start it"

#: The words of each kind. `{field}` of `About` is quoted for a shell; `{at}` is left out where there is none.
WORDS: Mapping[RemedyKind, str] = {
    RemedyKind.ASK_ANEW: "withdraw the request with 'rtb-hub stop', then ask again with 'rtb-hub start'",
    RemedyKind.ASK_AS_ACCOUNT: "set RTB_HUB_ACTOR to your login at the forge, then stop it and ask again",
    RemedyKind.ASK_FOR_LESS: "ask for less cpu or memory ('rtb-hub price' shows the sizes), or raise the limits",
    RemedyKind.ASK_FOR_MEMORY: "ask for it by 'rtb-hub start … --set COMPONENT.memory=…'; 'rtb-hub price' shows sizes",
    RemedyKind.ASK_FOR_PARTS: "ask for what the blueprint has, by 'rtb-hub start'",
    RemedyKind.CHANGE_ENTRY: "change the entry, by 'rtb-hub start'; the manifests follow from it",
    RemedyKind.CHANGE_FORGE: "this forge does not hold it, whatever is applied (docs/FORGES.md, Protection); a bare"
    " repository holds no reviews: production needs GitHub, Gitea or Forgejo",
    RemedyKind.CHANGE_LAYOUT: "an administrator changes {name} by 'rtb-hub init', past this check",
    RemedyKind.CLEAN_WORK_TREE: "commit or remove them first, or use a bare repository ('rtb-hub init' makes one)",
    RemedyKind.CONFIRM_REMOVALS: "their leases ended between {since} and {until}: if that is right,"
    " rtb-hub reconcile --env {environment} --only expiry --confirm-removals {count}",
    RemedyKind.EXTEND_LATER: "ask for longer with 'rtb-hub start … --ttl', or extend it once it is merged",
    RemedyKind.FILL_AGAIN: "stop the preview and start it, or start it with another variable of the job that fills the"
    " database, such as '--set seed.env.FILLED=2': it then runs again",
    RemedyKind.GIVE_IMAGE: "give --image {name}=REFERENCE",
    RemedyKind.HAVE_NO_HOOKS_SHARED: "let people push to a bare repository whose hooks are its own (no core.hooksPath),"
    " then: rtb-hub init {path}",
    RemedyKind.HAVE_OFFICE_HOURS: "set officeHours in its environment.yaml, or ask with --no-office-hours",
    RemedyKind.INSTALL_HOOK: "install the update hook that holds it: rtb-hub init {path}",
    RemedyKind.KEEP_CODE_OWNERS: "leave CODEOWNERS as 'rtb-hub init' writes it; 'rtb-hub doctor' compares it",
    RemedyKind.LAY_OUT: "lay it out with 'rtb-hub init DIR'",
    RemedyKind.LAY_OUT_AGAIN: _LAY_OUT_AGAIN,
    RemedyKind.LIST_BLUEPRINTS: "'rtb-hub blueprint list' describes them",
    RemedyKind.LIST_DEAD_JOBS: "'rtb-hub job list --state dead' shows those",
    RemedyKind.LIST_DELIVERIES: "'rtb-hub webhook list' shows those that are",
    RemedyKind.LIST_PREVIEWS: "'rtb-hub list{env}' shows what there is",
    RemedyKind.LIST_REQUESTS: "'rtb-hub approvals{env}' shows what there is",
    RemedyKind.LIST_TOKENS: "'rtb-hub token list' shows those that there are",
    RemedyKind.MAKE_TOKEN: "make a new one ('rtb-hub token create'), give it to who uses it, then end this one:"
    " rtb-hub token revoke {name}",
    RemedyKind.NAME_BARE_REPOSITORY: "name one; 'rtb-hub init DIR' makes one",
    RemedyKind.NAME_REPOSITORY: "name one with --repo or RTB_HUB_REPO, or lay one out with 'rtb-hub init DIR'",
    RemedyKind.NAME_STATE_REPOSITORY: "name a state repository with --repo, or lay one out with 'rtb-hub init DIR'",
    RemedyKind.OPEN_REQUEST: "'rtb-hub reconcile{env} --only approval' does it",
    RemedyKind.PROTECT: _PROTECT,
    RemedyKind.PROTECT_OR_KNOW: f"{_PROTECT}; where the forge has no such rule, know of it; the hub itself is stricter,"
    " so let only the hub merge",
    RemedyKind.PROTECT_WITHOUT: "take {name} off the list of those who may bypass, in the settings of the rule that"
    f" names it; {_PROTECT}",
    RemedyKind.RAISE_SHARDS: "stop a preview, or raise exposure.shards{wait}",
    RemedyKind.REMOVE_FEWER: "remove fewer at once, or raise --cap after a look at why so many are due",
    RemedyKind.REMOVE_WHOLE: "remove a preview whole, by 'rtb-hub stop'",
    RemedyKind.RENDER_ANEW: "render the manifests anew with the entry, by 'rtb-hub start'",
    RemedyKind.REPAIR_ENTRY: "repair the entry with 'rtb-hub start', or remove it with 'rtb-hub stop'",
    RemedyKind.REPAIR_LEASE: "repair it, or remove the preview: rtb-hub stop {issue} --env {environment}",
    RemedyKind.REPAIR_OR_STOP: "{at}repair it, or remove it: rtb-hub stop {issue} --env {environment}",
    RemedyKind.REPLACE_HOOK: "have its own update hook refuse that, or move that hook away and install ours:"
    " rtb-hub init {path}",
    RemedyKind.REQUEST_REMOVAL: "wait for its end, or ask for this one removal alone, to be reviewed: 'rtb-hub stop'",
    RemedyKind.RESTART_AFTER_SYNC: _RESTART,
    RemedyKind.RESTORE_LAYOUT: "bring {name} back on {path}, by reverting the commit that removed it; if it was never"
    " there, this is no state repository: name one with --repo or RTB_HUB_REPO",
    RemedyKind.RUN_DOCTOR: "run 'rtb-hub doctor --cluster …': it tells how to repair and refresh the ApplicationSet",
    RemedyKind.SEE_ALL_CAUSES: "'rtb-hub why --all' shows everything that was looked at",
    RemedyKind.SEE_HISTORY: "see 'rtb-hub history{env}' for past previews",
    RemedyKind.SERVE_ANEW: "start 'rtb-hub serve' again: it prints a new link",
    RemedyKind.SET_FORGE: "set forge in its environment.yaml, see docs/FORGES.md; 'rtb-hub init' then brings it to"
    " the branch",
    RemedyKind.SHOW_DELIVERY: "repair what sends it; what came is kept: 'rtb-hub webhook show' prints it",
    RemedyKind.START_ANEW: "start it anew, by 'rtb-hub start' with the same options",
    RemedyKind.START_FIRST: "start one with 'rtb-hub start KEY --env NAME --image …'",
    RemedyKind.START_IN_PLACE: "one issue has one entry, in the folder of its key; 'rtb-hub start' puts it there",
    RemedyKind.START_OR_STOP: "'rtb-hub start {issue} --env {environment} …' writes it, 'rtb-hub stop' removes all",
    RemedyKind.START_WITH_IMAGE: "then start it anew with the new image, by 'rtb-hub start … --image NAME=REFERENCE'",
    RemedyKind.START_WITHOUT_QUEUE: "start it without --queue",
    RemedyKind.STOP: "remove it: rtb-hub stop {issue} --env {environment}",
    RemedyKind.STOP_AND_START: "stop the preview and start it anew: 'rtb-hub stop', then 'rtb-hub start'",
    RemedyKind.STOP_BOTH: "'rtb-hub stop {issue} --env {environment}' removes both",
    RemedyKind.STOP_FIRST_TO_END: "stop one ('rtb-hub list --sort ends' shows which end first), or raise"
    " limits.previews{wait}",
    RemedyKind.STOP_OTHER: "repair or remove the other one: 'rtb-hub start {issue} …' writes it anew,"
    " 'rtb-hub stop {issue} …' removes it",
    RemedyKind.STOP_OWN: "stop one of them ('rtb-hub list --owner NAME' shows them), or raise"
    " limits.previewsPerOwner{wait}",
    RemedyKind.UPGRADE_DATABASE: "stop the services and run 'rtb-hub db upgrade'; if it is not the one you mean,"
    " name that: RTB_HUB_DATABASE_URL, or for 'serve' on this machine its RTB_HUB_DATA",
    RemedyKind.USE_SPOT: "stop one, use '--compute spot' where allowed, or have quota L-3032A538 raised, then"
    " fargate.quotaVcpu{wait}",
    RemedyKind.VALIDATE: "see what is wrong with its manifest by 'rtb-hub validate', and report it",
    RemedyKind.WAKE: "wake it by 'rtb-hub wake KEY --env NAME'",
    RemedyKind.WAIT_TOO: "queue it too: 'start --queue'; 'rtb-hub list' shows the queue",
    RemedyKind.WRITE_BY_START: "write the entry by 'rtb-hub start'",
    RemedyKind.WRITE_BY_START_ONLY: "write the entry by 'rtb-hub start', not by hand",
    RemedyKind.WRITE_TOGETHER: "commit entry and manifests together, by 'rtb-hub start'",
}


def words(remedy: ToDo, said: Mapping[RemedyKind, str] = WORDS, wait: str = WAIT) -> str:
    """A remedy as the command line says it: a sentence, with commands that a shell takes as they stand.

    `said` and `wait`: the words of another language.
    """
    if isinstance(remedy, str):
        return remedy
    about = remedy.about
    return said[remedy.kind].format(
        environment=shell_word(about.environment),
        issue=shell_word(about.issue),
        path=shell_word(about.path),
        name=about.name,
        since=about.since,
        until=about.until,
        count=about.count,
        at=f"{about.place}: " if about.place else "",
        env=f" --env {shell_word(about.environment)}" if about.environment else "",
        wait=wait if about.may_wait else "",
    )


def fault_line(fault: Fault) -> str:
    """A fault on one line, its remedy in words."""
    return fault.line(words(fault.remedy))
