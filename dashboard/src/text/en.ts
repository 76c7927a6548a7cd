export const en = {
  screen: {
    previews: "Previews", start: "Start a preview", waiting: "Waiting and approvals", environments: "Environments", calendar: "Calendar",
    statistics: "Statistics", operations: "Operations", account: "Account", signIn: "Sign in",
  },
  shell: {
    menu: "Menu", screens: "Screens", skip: "Skip to content", main: "Content", language: "Language", personal: "{{name}}: account and settings",
    outdated: "A newer release of this page is there", reload: "Load it", broken: "This screen failed", brokenSays: "Load the page anew. What you typed in a form stays.", again: "Load it anew", notFound: "There is no such page",
    clockAhead: "The clock of this device is {{time}} ahead", clockBehind: "The clock of this device is {{time}} behind", clockSays: "Times on this page go by the hub's clock. Set the device to take its time from the network.",
    notFoundSays: "The address may be old, or mistyped.",
  },
  live: {
    live: "Live", connecting: "Connecting", connectingSince: "As of {{time}}, reconnecting", paused: "Paused", pausedSince: "As of {{time}}, paused",
    ended: "Not connected", endedSince: "As of {{time}}, not connected",
  },
  theme: { system: "Theme of the system", light: "Light theme", dark: "Dark theme" },
  session: {
    ended: "You are not signed in any more", kept: "What you typed stays on this page. Sign in in the new tab, then go on here.", signIn: "Sign in in a new tab",
    goOn: "I am signed in: go on", still: "You are still not signed in.", nobody: "Not signed in", signOut: "Sign out", everywhere: "Sign out everywhere",
  },
  alert: { success: "Done:", danger: "Error:", warning: "Warning:", info: "Note:", custom: "Note:" },
  say: { region: "Messages" },
  action: { close: "Close", cancel: "Cancel", clear: "Clear", more: "Show more", copy: "Copy", copied: "Copied" },
  link: { newTab: "(opens a new tab)" },
  state: {
    loading: "Loading", retry: "Try again", requestId: "Request id:", asOf: "As of", unreadable: "{{environment}} cannot be read",
    lastRead: "What is shown of it is what was read last.",
    queued: "queued", running: "running", done: "done", failed: "failed", waiting: "waiting", superseded: "replaced by a later one", pending: "queued", sent: "queued",
    active: "running", dead: "failed for good", new: "new", processed: "processed", ignored: "ignored", allowed: "allowed", refused: "refused",
    open: "open", draft: "draft", closed: "closed", merged: "merged", approved: "approved",
  },
  fault: { allowed: "Allowed:", nearest: "Did you mean:", remedy: "What to do:" },
  reason: {
    unreachable: "The server does not answer", signedOut: "You are not signed in", notAllowed: "You may not do this", notFound: "There is no such thing",
    tooMany: "Too many requests: wait a moment", server: "It cannot be done now", refused: "This was refused", Unexpected: "A mistake of the hub",
    PreviewNotFound: "There is no such preview", UnknownEnvironment: "There is no such environment", InvalidIssueKey: "This is no issue key", InvalidValue: "Something in it is not valid",
    CapacityExhausted: "There is no room", Frozen: "Nothing may start now", RepositoryUnreachable: "The state repository cannot be read", DatabaseUnreachable: "The database does not answer",
    NotSignedIn: "You are not signed in", NotAllowed: "You may not do this", NotInTime: "It takes longer than expected", ServerUnreachable: "The server does not answer",
    ProviderUnreachable: "The sign-in provider does not answer", LeaseCapReached: "The longest time is reached", PolicyViolation: "The environment's policy forbids it",
    TooManyRequests: "Too many requests: wait a moment", NotFound: "There is no such thing", ForgeUnreachable: "The Git forge does not answer", ForgeLimited: "The Git forge allows no more calls now",
  },
  why: {
    title: "You have no right to see this", role: "This needs the role “{{role}}”.", own: "It is {{owner}}'s: only its owner and operators may change it.",
    notMerged: "Its time begins with the merge.",
  },
  role: {
    viewer: "viewer", developer: "developer", operator: "operator", admin: "admin", none: "none",
    noneTitle: "You are signed in, and have no role here", noneSays: "Ask an administrator of RTB AI Hub to put you in a group or team that has a role (RTB_HUB_ROLES), then sign in anew.",
  },
  filter: {
    title: "Filter previews", whose: "Whose", mine: "Mine", everybody: "Everybody's", text: "Search key, branch, requester", env: "All environments", phase: "All phases", project: "All projects",
    requester: "All requesters", sort: "Order", more: "Filters and order", moreSet: "Filters and order ({{shown}} set)", total_one: "{{shown}} preview", total_other: "{{shown}} previews",
  },
  sort: {
    key: "By issue", "key-": "By issue, last first", ends: "Ends soonest", "ends-": "Ends latest", owner: "By requester", "owner-": "By requester, Z first",
    price: "Cheapest first", "price-": "Dearest first",
  },
  previews: {
    start: "Start a preview", whatBecame: "What became of {{issue}}", choose: "Choose", chooseOne: "Choose {{issue}} in {{environment}}", chosenTitle: "Chosen previews", chosen_one: "{{count}} chosen", chosen_other: "{{count}} chosen",
    tooMany: "At most {{most}} at once.", noneMatch: "No preview matches", noneMatchSays: "Take a filter away, or look at everybody's.", noneMine: "You have no previews",
    noneMineSays: "Start one for your issue: it comes with an address of its own, and goes away by itself.", showAll_one: "Show everybody's ({{count}})", showAll_other: "Show everybody's ({{count}})",
    failed_one: "{{count}} of your requests failed", failed_other: "{{count}} of your requests failed",
  },
  preview: {
    issue: "Issue", environment: "Environment", phase: "Phase", left: "Time left", address: "Address", requester: "Requested by", actions: "Actions", notYet: "not up yet",
    asked: "Asked for", designChanged: "design changed", designNow: "The design changed after this was asked for", designOpen: "open it in Figma",
    none: "There is no preview of {{issue}} in {{environment}}", noneSays: "It was not started, or was removed more than seven days ago.",
    removedBy: "It was removed by {{who}},", reviveUntil: "It can be brought back until", nowEnds: "It ends {{time}}.", parts: "Parts of the preview",
    tab: { overview: "Overview", history: "History", change: "Changes", manifest: "Manifest" },
    facts: "Facts", blueprint: "Blueprint", branch: "Branch", namespace: "Namespace", components: "Components",
    size_one: "{{count}} pod, {{cpu}} CPU, {{memory}}", size_other: "{{count}} pods, {{cpu}} CPU, {{memory}} each", imageOf: "Image of {{name}}",
  },
  phase: {
    active: "active", "expiring soon": "expiring soon", expired: "expired", "awaiting approval": "awaiting approval", "removal requested": "removal asked for", endless: "without end",
    ready: "ready", starting: "starting", waiting: "waiting", failed: "failed", stuck: "stuck", stopping: "going away", unknown: "not known", running: "running", sleeping: "sleeping",
  },
  left: { afterMerge: "from the merge on", never: "no end", over: "over" },
  price: { title: "Price", short: "{{amount}}/h", perHour: "{{amount}} an hour", perLease: "{{amount}} in all", shared: "shared nodes", asleep: "{{amount}} an hour while it sleeps, which saves {{saved}} an hour" },
  lease: {
    title: "Lease", ends: "Ends", cap: "At the latest", hours: "Counts", office: "office hours", always: "all hours", ttl: "How long",
  },
  steps: {
    title: "Progress", now: "now", asked: "Asked for", committed: "In Git", merged: "Reviewed and merged", applied: "Applied to the cluster", running: "Running",
    done: "done", "to come": "to come", unknown: "not known",
  },
  cause: {
    block: "In the cluster", title: "It does not come up", notRead: "No cluster is connected here: whether its pods run is not known. What Git says is above.", seen: "seen", next: "What to do:",
    evidence: "What the cluster says", unread: "Not read:", for: { developer: "For the developer", platform: "For the platform team" },
  },
  act: {
    reason: "Reason (for the history)", working: "Working…",
    extend: {
      title: "Extend {{issue}} in {{environment}}", titleMany: "Extend {{count}} previews", says: "It gets more time, never beyond its longest time.", by: "By", short: "Extend", many: "Extend",
      do: "Extend", doMany: "Extend {{count}}", askFor: "Ask for more time", askForMany: "Ask for more time ({{count}})",
      done_one: "{{count}} preview extended", done_other: "{{count}} previews extended", asked_one: "More time is asked for", asked_other: "More time is asked for, {{count}} times",
    },
    stop: {
      title: "Stop {{issue}} in {{environment}}", titleMany: "Stop {{count}} previews", says: "Its namespace and all that is in it goes away. It can be brought back for seven days, without its data.",
      short: "Stop", many: "Stop", do: "Stop", doMany: "Stop {{count}}", askFor: "Ask for removal", askForMany: "Ask for removal ({{count}})",
      done_one: "{{count}} preview stopped", done_other: "{{count}} previews stopped", asked_one: "Its removal is asked for", asked_other: "Removal is asked for, {{count}} times",
    },
    sleep: {
      title: "Put {{issue}} in {{environment}} to sleep", titleMany: "Put {{count}} previews to sleep", says: "Its pods stop. What keeps data in its pod, such as a database, runs on, and everything else stays.", short: "Sleep",
      do: "Put to sleep", doMany: "Put {{count}} to sleep", askFor: "Ask for its sleep", askForMany: "Ask for their sleep ({{count}})",
      done_one: "{{count}} preview sleeps", done_other: "{{count}} previews sleep", asked_one: "Its sleep is asked for", asked_other: "Sleep is asked for, {{count}} times",
    },
    wake: {
      title: "Wake {{issue}} in {{environment}}", titleMany: "Wake {{count}} previews", says: "Its pods start as they were. That takes two to three minutes.", short: "Wake",
      do: "Wake", doMany: "Wake {{count}}", askFor: "Ask for its waking", askForMany: "Ask for their waking ({{count}})",
      done_one: "{{count}} preview is woken", done_other: "{{count}} previews are woken", asked_one: "Its waking is asked for", asked_other: "Waking is asked for, {{count}} times",
    },
    revive: {
      title: "Revive {{issue}} in {{environment}}", titleMany: "Revive {{count}} previews", says: "It comes back as it was, without its data, and is yours then.", short: "Revive",
      do: "Revive", doMany: "Revive {{count}}", askFor: "Ask for it again", askForMany: "Ask for them again ({{count}})",
      done_one: "{{count}} preview revived", done_other: "{{count}} previews revived", asked_one: "It is asked for again", asked_other: "Asked for again, {{count}} times",
    },
  },
  length: { "1h": "1 hour", "4h": "4 hours", "8h": "8 hours", "24h": "1 day", "72h": "3 days" },
  plan: {
    asksReview: "This asks for a review in {{environment}}: nothing changes there before the request is merged.", place: "Waits", placeOf: "Place {{position}} of {{of}} in the line",
    ends: "Ends", latestEnd: "At the latest", objects: "Objects: {{added}} added, {{changed}} changed, {{removed}} removed", noObjects: "No object changes.", unread: "Which objects change is not known:",
    added: "added", changed: "changed", removed: "removed", fieldsLeftOut_one: "and {{count}} field more", fieldsLeftOut_other: "and {{count}} fields more",
    objectsLeftOut_one: "and {{count}} object more", objectsLeftOut_other: "and {{count}} objects more",
  },
  room: {
    previews: "Previews", previewsPerOwner: "Previews of one person", fargateVcpu: "Fargate vCPU", targetGroups: "Target groups", usedOf: "{{used}} of {{limit}}",
    askedOf: "{{used}} + {{asked}} of {{limit}}",
  },
  history: { none: "Nothing is known of it yet", unread: "What was asked for and changed nothing is not among these", by: "by {{who}}" },
  action_name: {
    start: "Started", update: "Updated", updated: "Updated", started: "Started", extend: "Extended", extended: "Extended", stop: "Stopped", stopped: "Stopped", revive: "Revived", revived: "Revived",
    sleep: "Put to sleep", wake: "Woken", "preview.sleep": "Sleep asked for", "preview.wake": "Waking asked for",
    expire: "Expired", expired: "Expired", removed: "Removed", activate: "Lease begun", activated: "Lease begun", queued: "Put in the line", requested: "Asked for", approved: "Approved",
    "preview.start": "Start asked for", "preview.extend": "Extension asked for", "preview.stop": "Stop asked for", "preview.revive": "Revival asked for",
  },
  change: { "last change": "The last change", "open request": "What the open request changes", "removal request": "What the request for removal removes" },
  start: {
    gated: "{{environment}} (by review)", image: "Image of {{name}}", compute: "Runs on", byDefault: "as the blueprint has it", ttlHelp: "Such as 8h or 3d. Empty: as the environment has it.",
    queue: "Wait in the line while there is no room", plan: "What it would do", missing: "Still to be given: {{names}}.", settings: "Settings of {{name}}", settingsSet: "Settings of {{name}} ({{shown}} set)", planNext: "Type an issue key, and what would be done is shown here. Nothing is written.",
    do: "Start in {{environment}}", ask: "Ask for it in {{environment}}", done: "{{issue}} starts in {{environment}}", asked: "{{issue}} is asked for in {{environment}}: it starts after the review",
  },
  waiting: {
    title: "Waiting line", none: "Nobody waits", noneSays: "There is room: what is asked for starts at once.", place: "Place", since: "Since", why: "Why", next: "starts next",
  },
  approval: {
    title: "Waiting for a review", none: "Nothing waits for a review", noneSays: "Requests for reviewed environments stand here until they are merged.", asks: "Asks for", where: "Where",
    request: "Request {{number}}", link: "Request", branch: "branch", start: "a start", update: "a change", removal: "a removal",
  },
  environment: {
    reviewed: "by review", none: "There are no environments", noneSays: "The state repository has none yet.", previews_one: "{{count}} preview", previews_other: "{{count}} previews",
    waiting_one: "{{count}} waits", waiting_other: "{{count}} wait", awaiting_one: "{{count}} for review", awaiting_other: "{{count}} for review", account: "Account", domain: "Domain",
    lease: "{{ttl}}, at most {{cap}}", forge: "Git forge",
  },
  spend: { perHour: "An hour now", soFar: "This month so far", toCome: "To come by leases", fixed: "Fixed, an hour", asOf: "List prices of {{day}}." },
  freeze: {
    begin: "Freeze starts", title: "Frozen", until: "until", lift: "Lift it", lifted: "The freeze is lifted", begun: "The freeze holds", in: "Nothing starts in {{environment}} now", everywhere: "Nothing starts anywhere now",
    says: "{{by}}:", dialog: "Freeze starts in {{environment}}", dialogEverywhere: "Freeze starts everywhere", means: "Nothing starts while it holds. What runs goes on, and ends when it is due.", all: "everywhere", lasts: "How long",
  },
  calendar: {
    before: "Four weeks before", after: "Four weeks after", today: "Today", days: "Days from {{from}} to {{to}}", ends_one: "{{count}} ends", ends_other: "{{count}} end", noEnds: "nothing ends",
    endsOn: "What ends on {{day}}", all_one: "{{count}} end in these four weeks", all_other: "{{count}} ends in these four weeks", none: "Nothing ends", noneMine: "None of yours ends in these days.",
    more: "{{shown}} of {{count}} are shown: choose an environment.",
  },
  chart: { none: "Nothing was measured in this time.", seeTable: "{{title}}: the figures stand in the table below", table: "Figures as a table", day: "Day" },
  statistics: {
    days: "Days", lastDays: "Last {{count}} days", forDays_one: "{{shown}} day", forDays_other: "{{shown}} days", none: "Nothing happened in these days", noneSays: "Figures stand here from the first start on.",
    starts: "Starts a day", started: "started", failures: "failed", spend: "Spend a day ({{currency}}, list price)", spent: "spend", timeToUrl: "Time until the address answers", timeToCommit: "Time until it is in Git",
    median: "median", p95: "95th percentile",
  },
  operations: {
    operations: "Requests", jobs: "Jobs", deliveries: "Deliveries", audit: "Audit log", state: "State", anyState: "All states", none: "Nothing was asked for yet", noJobs: "There are no such jobs",
    noDeliveries: "There are no such deliveries", noAudit: "The log is empty", job: "Job", key: "Preview", at: "When", attempts: "Attempts", act: "Do", source: "From", event: "Event", who: "Who",
    what: "What", object: "Object", outcome: "Outcome", retry: "Run again", replay: "Replay", again: "It runs again: {{what}}", crashes_one: ", {{count}} crash", crashes_other: ", {{count}} crashes",
  },
  kind: {
    "preview.start": "Start", "preview.extend": "Extend", "preview.stop": "Stop", "preview.revive": "Revive", "preview.sleep": "Sleep", "preview.wake": "Wake", "request.review": "Ask for a review", "issue.hint": "Look at an issue",
    "pull.hint": "Look at a pull request", "image.hint": "Look for an image", "message.update": "Update a message", freeze: "Freeze", lift: "Lift a freeze", retry: "Run again", "token.make": "Make a token", "token.revoke": "Revoke a token",
  },
  signIn: {
    with: "Sign in with {{name}}", already: "You are signed in as {{name}}", goOn: "Go on", local: "The link is in the terminal",
    localSays: "“rtb-hub serve” printed a link that signs you in once. Open it in this browser. For a new link, start it anew.", none: "No way to sign in is set up", noneSays: "An administrator sets RTB_HUB_OIDC_ISSUER or RTB_HUB_GITHUB_CLIENT_ID.",
    noCookies: "Cookies are switched off", noCookiesTodo: "Sign-in needs cookies of this site. Allow them, and load the page anew.",
    error: { declined: "Sign-in was declined", expired: "Sign-in took too long", "provider-down": "The sign-in provider does not answer", refused: "What the provider sent does not hold", linked: "That account is another person's here", "too-many": "Too many tries", other: "Sign-in failed" },
    todo: {
      declined: "You or the provider said no. Try again, or ask an administrator whether you may use it.", expired: "It may take ten minutes, and needs cookies. Try again.", "provider-down": "Try again in a few minutes.",
      refused: "Try again. If it stays so, tell an administrator the request id.", linked: "Sign in with that account, or ask an administrator to unlink it.", "too-many": "Wait a minute, then try again.", other: "Try again.",
    },
  },
  account: {
    by: { local: "link of this machine", oidc: "company account", github: "GitHub account", slack: "Slack account", api: "token" }, slack: "Look at it, or unlink it", me: "You", name: "Name", role: "Role", via: "Signed in by", linked: "Linked accounts", link: "Link {{name}}", keys: "Keyboard shortcuts", sessions: "Where you are signed in", device: "Device", since: "Since", used: "Last used",
    until: "Until", this: "this one", end: "End it", ended: "That session has ended", kind: { browser: "Browser", device: "Command line" },
  },
  token: {
    title: "Service tokens", make: "Make a token", none: "There are no tokens", noneSays: "CI and other services sign in by a token.", scopes: "Rights", gone: "revoked", never: "never", revoke: "Revoke", revokeOne: "Revoke {{name}}",
    revoked: "{{name}} is revoked", made: "{{name}} is made", once: "Copy it now: it is shown once.", secret: "Token", environments: "Environments (none chosen: all)",
  },
  scope: { "preview_read": "Read previews", "preview_write": "Start and change previews", "preview_request-prd": "Ask for changes by review", jira_event: "Send events of Jira automation" },
  help: { title: "Keyboard shortcuts", on: "Single-key shortcuts are on.", off: "Single-key shortcuts are off.", where: "Switch them under Account" },
  key: { "/": "Search", j: "Next row", k: "Row before", Enter: "Open", e: "Extend", "?": "This help" },
  way: {
    title: "The way to {{issue}}", choose: "It is in several environments. Which one?", looking: "Looking", details: "All about this preview", whyFailed: "Why it failed", canRevive: "It can be brought back",
    ready: "It is up", starting: "It is starting", waiting: "It waits for room", review: "It waits for a review", failed: "It failed", stuck: "It does not come up", sleeping: "It sleeps", stopping: "It is going away", expired: "Its time is over", none: "There is no such preview",
    says: {
      ready: "You are led there.", starting: "This page goes on by itself as soon as it is up.", waiting: "It starts as soon as there is room. This page goes on by itself.", review: "It starts once the request is merged.", failed: "The request could not be carried out.",
      stuck: "Something keeps it from coming up. This is why, and what to do:", sleeping: "Its pods do not run, and cost nothing. Everything else of it is there: wake it to use it.", stopping: "Its namespace is being removed.", expired: "It was removed when its time was over, or by somebody.", none: "It was never started, or was removed more than seven days ago.",
    },
  },
};
