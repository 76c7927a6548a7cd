"""Journeys by the services as they run apart: sign-in with a certified provider, dashboard, worker, PostgreSQL, Valkey."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hub.store import people
from hub.store.database import Database
from hub.store.people import Account
from worlds.builders import image
from worlds.commands import git, must
from worlds.gateway import Gateway
from worlds.kube_api import KubeApi
from worlds.oidc_provider import OidcProvider, installed, oidc_provider
from worlds.postgres import free_port
from worlds.preview_states import there
from worlds.processes import Process
from worlds.repositories import state_repository
from worlds.served import on_loopback
from worlds.valkey import valkey

ACCESS = re.compile("access")


@dataclass
class Place:
    """The services behind `url`."""

    url: str
    repo: Path
    people: OidcProvider
    cluster: KubeApi
    gateway: Gateway
    folder: Path
    environ: dict[str, str]
    dashboard: Process | None = None

    def serve_dashboard(self, port: str = "0") -> None:
        where = ("--repo", str(self.repo), "--port", port)
        self.dashboard = Process(self.folder, "dashboard", *where, **self.environ)
        self.gateway.places["/"] = self.dashboard.say(r"(http://\S+) is ready")

    def stop_dashboard(self) -> str:
        """Its port."""
        assert self.dashboard is not None
        self.dashboard.end()
        return self.gateway.places["/"].rpartition(":")[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, postgres: Any, postgres_template: str) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("real")
    repo = state_repository(folder / "state.git")
    (folder / "key").write_text(Fernet.generate_key().decode())
    gateway = Gateway()
    with ExitStack() as stack:
        url = stack.enter_context(on_loopback(gateway))
        provider = installed(tmp_path_factory.mktemp("node") / "oidc")
        people = stack.enter_context(oidc_provider(provider, f"{url}/api/auth/callback"))
        people.control(groups={"alice": ["devs"], "olivia": ["ops"]})
        cluster = stack.enter_context(KubeApi())
        environ = {
            "RTB_HUB_PUBLIC_URL": url,
            "RTB_HUB_DATABASE_URL": stack.enter_context(postgres.database(like=postgres_template)),
            "RTB_HUB_REDIS_URL": stack.enter_context(valkey()).url,
            "RTB_HUB_KEY_FILE": str(folder / "key"),
            "RTB_HUB_OIDC_ISSUER": people.issuer,
            "RTB_HUB_OIDC_CLIENT_ID": "rtb-hub",
            "RTB_HUB_OIDC_CLIENT_SECRET": "a secret/with+signs",
            "RTB_HUB_ROLES": "developer=devs; operator=ops",
            "RTB_HUB_CLUSTERS": "int=here",
            "KUBECONFIG": str(cluster.kubeconfig(folder / "config")),
        }
        port = free_port()
        auth = Process(folder, "auth", "--port", str(port), **environ)
        stack.callback(auth.end)
        auth.say("(is ready)")
        gateway.places["/api/auth/"] = f"http://127.0.0.1:{port}"
        worker = Process(folder, "worker", "--repo", str(repo), "--port", "0", **environ)
        stack.callback(worker.end)
        worker.say("(working on jobs)")
        made = Place(url, repo, people, cluster, gateway, folder, environ)
        made.serve_dashboard()
        stack.callback(lambda: made.dashboard.end() if made.dashboard else None)
        yield made


@contextmanager
def signed_in(browser: Browser, place: Place, who: str = "alice", to: str = "/") -> Iterator[BrowserContext]:
    """Somebody who came to a screen and signed in by the provider; the page is the context's first."""
    place.people.control(who=who)
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    try:
        page = context.new_page()
        page.goto(place.url + to)
        page.locator(".hub-provider").click()
        expect(page.locator(".hub-menu button")).to_contain_text(who)
        yield context
    finally:
        context.close()


def start(page: Page, place: Place, issue: str) -> None:
    page.goto(f"{place.url}/start")
    page.locator("#start-issue").fill(issue)
    for component in ("web", "api"):
        page.locator(f"#image-{component}").fill(image(component))
    page.get_by_role("button", name="Start in int").click()
    expect(page.get_by_role("heading", name=issue, exact=True)).to_be_visible()


def act(page: Page, name: str, done: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_text(done)).to_be_visible()


def test_from_signing_in_to_what_is_up_and_back(browser: Browser, place: Place) -> None:
    with signed_in(browser, place) as context:
        (page,) = context.pages
        start(page, place, "RTB-1")
        assert "alice@example.com" in git(place.repo, "log", "-1", "--format=%B", "main")
        application = there(place.cluster, "RTB-1")
        page.route("https://rtb-1.**", lambda route: route.fulfill(body="the preview"))
        page.goto(f"{place.url}/preview/RTB-1")
        expect(page.get_by_role("status").filter(has_text="It is starting")).to_be_visible()
        application["status"]["health"]["status"] = "Healthy"
        expect(page.get_by_text("the preview")).to_be_visible()
        page.goto(f"{place.url}/previews/int/RTB-1")
        act(page, "Stop", "1 preview stopped")
        page.goto(f"{place.url}/previews/int/RTB-1")
        act(page, "Revive", "1 preview revived")
        expect(page.get_by_role("heading", name="RTB-1", exact=True)).to_be_visible()


def test_two_tabs_extend_at_once(browser: Browser, place: Place) -> None:
    with signed_in(browser, place) as context:
        (page,) = context.pages
        start(page, place, "RTB-2")
        tabs = [page, context.new_page()]
        for tab in tabs:
            tab.goto(f"{place.url}/previews/int/RTB-2")
            tab.get_by_role("button", name="Extend").click()
            expect(tab.get_by_role("dialog").get_by_text("At the latest")).to_be_visible()
        for tab in tabs:
            tab.get_by_role("dialog").get_by_role("button", name="Extend", exact=True).click()
        for tab in tabs:
            expect(tab.get_by_text("1 preview extended").or_(tab.get_by_role("alert")).first).to_be_visible()
        extended = [one for one in git(place.repo, "log", "--format=%s", "main").splitlines() if "RTB-2" in one]
        assert len([one for one in extended if "xtend" in one]) == 1, extended


def test_signing_out_everywhere_ends_other_browsers_too(browser: Browser, place: Place) -> None:
    with signed_in(browser, place, "olivia") as other, signed_in(browser, place, "olivia") as context:
        (page,) = context.pages
        page.goto(f"{place.url}/account")
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        other.clear_cookies(name=ACCESS)  # it holds for ten minutes at most
        other.pages[0].goto(place.url)
        expect(other.pages[0].get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_a_session_that_ends_in_the_middle_of_a_form(browser: Browser, place: Place) -> None:
    with signed_in(browser, place, to="/start") as context:
        (page,) = context.pages
        page.locator("#start-issue").fill("RTB-3")
        expect(page.locator("#image-api")).to_be_visible()
        context.clear_cookies()
        for component in ("web", "api"):
            page.locator(f"#image-{component}").fill(image(component))
        expect(page.get_by_role("heading", name="You are not signed in any more")).to_be_visible()
        with context.expect_page() as opened:
            page.get_by_role("link", name="Sign in in a new tab").click()
        opened.value.locator(".hub-provider").click()
        expect(opened.value.locator(".hub-menu button")).to_contain_text("alice")
        page.get_by_role("button", name="I am signed in: go on").click()
        page.get_by_role("button", name="Start in int").click()
        expect(page.get_by_role("heading", name="RTB-3", exact=True)).to_be_visible()


def test_the_dashboard_is_started_anew_under_an_open_page(browser: Browser, place: Place) -> None:
    with signed_in(browser, place) as context:
        (page,) = context.pages
        must("start", "RTB-4", "--env", "int", "--image", f"web={image('web')}", "--image", f"api={image('api')}",
             "--repo", place.repo, RTB_HUB_ACTOR="carol")  # fmt: skip
        page.goto(f"{place.url}/?requester=all")
        expect(page.get_by_role("link", name="RTB-4", exact=True)).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        port = place.stop_dashboard()
        expect(page.get_by_text(re.compile("As of .*(reconnecting|not connected)"))).to_be_visible()
        expect(page.get_by_role("link", name="RTB-4", exact=True)).to_be_visible()
        place.serve_dashboard(port)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()  # nobody signs in anew: sign-in went on


def test_whose_provider_sends_no_groups_has_no_role_and_is_told_so(browser: Browser, place: Place) -> None:
    with signed_in(browser, place, "nobody-knows") as context:
        (page,) = context.pages
        expect(page.get_by_role("heading", level=1)).to_have_text("You are signed in, and have no role here")
        expect(page.locator("#hub-main")).to_contain_text("Ask an administrator")
        page.goto(f"{place.url}/account")
        expect(page.get_by_text("nobody-knows@example.com").first).to_be_visible()


def test_an_account_in_slack_is_seen_in_ones_account_and_unlinked(browser: Browser, place: Place) -> None:
    with signed_in(browser, place) as context, closing(Database(place.environ["RTB_HUB_DATABASE_URL"])) as database:
        (page,) = context.pages
        alice = page.request.get(f"{place.url}/api/auth/me").json()["id"]
        with database.write() as connection:
            account = Account("slack", "U0ALICE", "alice.k")
            people.link(connection, alice, account, by="an admin", now=database.now(connection))
        page.goto(f"{place.url}/account")
        linked = page.get_by_role("listitem").filter(has_text="Slack account: alice.k")
        linked.get_by_role("link", name="Look at it, or unlink it").click()
        expect(page.get_by_text("alice.k (U0ALICE) in Slack acts as you")).to_be_visible()
        page.get_by_role("button", name="Unlink it").click()
        expect(page.get_by_text("No account in Slack is linked to you.")).to_be_visible()
        page.goto(f"{place.url}/account")
        expect(page.get_by_text("company account: ")).to_be_visible()
        expect(linked).to_have_count(0)
        with database.read() as connection:
            assert people.whose(connection, "slack", "U0ALICE") is None
