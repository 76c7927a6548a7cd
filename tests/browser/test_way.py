"""The way to a preview as its page tells it, by `rtb-hub serve` and an API server that answers for the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from world import Served, serving, signed_in

from worlds.commands import must
from worlds.kube_api import KubeApi
from worlds.preview_states import there, waits_for_its_image

#: An issue for each state; the last is in two environments.
STARTING, FAILED, STUCK, EXPIRED, SLEEPING, SEVERAL = (f"RTB-{number}" for number in range(1, 7))


@dataclass
class Place:
    served: Served
    cluster: KubeApi


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("way")
    previews = [(issue, "int", "alice") for issue in (STARTING, FAILED, STUCK, EXPIRED, SLEEPING, SEVERAL)]
    with KubeApi() as cluster:
        connected = {"RTB_HUB_CLUSTERS": "int=here", "KUBECONFIG": str(cluster.kubeconfig(folder / "config"))}
        with serving(folder, *previews, (SEVERAL, "stg", "alice"), **connected) as served:
            must("stop", EXPIRED, "--env", "int", "--reason", "merged", "--repo", served.repo, RTB_HUB_ACTOR="bob")
            made = Place(served, cluster)
            there(cluster, FAILED)
            waits_for_its_image(cluster, FAILED)
            yield made


@pytest.fixture(params=["en-US", "ko-KR"])
def page(browser: Browser, place: Place, request: pytest.FixtureRequest) -> Iterator[Page]:
    with signed_in(browser, place.served, locale=request.param) as context:
        yield context.new_page()


def says(page: Page, english: str, korean: str) -> None:
    """What is said in the language of the page."""
    is_korean = page.evaluate("navigator.language").startswith("ko")
    expect(page.locator("#hub-main")).to_contain_text(korean if is_korean else english)


def test_one_that_does_not_come_up_says_why_and_what_to_do(page: Page, place: Place) -> None:
    page.goto(f"{place.served.url}/preview/{FAILED}")
    says(page, "It failed", "실패했습니다")
    says(page, "For the developer", "개발자가 할 일")
    expect(page.get_by_text("manifest unknown").first).to_be_visible()
    expect(page.locator("#hub-main ol li").last).to_be_visible()


def test_one_that_waits_for_the_platform_says_so(page: Page, place: Place) -> None:
    page.goto(f"{place.served.url}/preview/{STUCK}")
    says(page, "It does not come up", "시작되지 않습니다")
    says(page, "For the platform team", "플랫폼 팀이 할 일")
    says(
        page,
        "the environment's ApplicationSet is not in this cluster",
        "이 클러스터에 환경의 ApplicationSet이 없습니다",
    )


def test_one_whose_time_is_over_can_be_brought_back(page: Page, place: Place) -> None:
    page.goto(f"{place.served.url}/preview/{EXPIRED.lower()}")
    says(page, "Its time is over", "기간이 끝났습니다")
    expect(page.get_by_text("bob")).to_be_visible()
    page.locator("#hub-main button").click()
    expect(page.get_by_role("dialog")).to_contain_text(EXPIRED)


def test_of_several_one_is_chosen(page: Page, place: Place) -> None:
    page.goto(f"{place.served.url}/preview/{SEVERAL}")
    says(page, "It is in several environments", "여러 환경에 있습니다")
    expect(page.locator(".hub-choices a")).to_have_count(2)
    page.route(f"https://{SEVERAL.lower()}.stg.**", lambda route: route.fulfill(body="the preview"))
    page.locator(".hub-choices a", has_text="stg").click()
    expect(page.get_by_text("the preview")).to_be_visible()


def test_one_that_never_was_can_be_started(page: Page, place: Place) -> None:
    page.goto(f"{place.served.url}/preview/RTB-99")
    says(page, "There is no such preview", "그런 프리뷰가 없습니다")
    page.locator("#hub-main a[href*=start]").click()
    expect(page.locator("#start-issue")).to_have_value("RTB-99")


def test_it_is_gone_to_as_soon_as_its_cluster_says_that_it_is_up(browser: Browser, place: Place) -> None:
    application = there(place.cluster, STARTING)
    with signed_in(browser, place.served) as context:
        page = context.new_page()
        page.route("https://rtb-1.**", lambda route: route.fulfill(body="the preview"))
        page.goto(f"{place.served.url}/preview/{STARTING}")
        expect(page.get_by_role("listitem").filter(has_text="now")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="It is starting")).to_be_visible()
        application["status"]["health"]["status"] = "Healthy"
        expect(page.get_by_text("the preview")).to_be_visible()


def test_one_that_sleeps_is_woken_by_its_button(page: Page, place: Place) -> None:
    there(place.cluster, SLEEPING)["status"]["health"]["status"] = "Healthy"
    must("sleep", SLEEPING, "--env", "int", "--repo", place.served.repo)
    is_korean = page.evaluate("navigator.language").startswith("ko")
    wake = "깨우기" if is_korean else "Wake"
    page.route("https://rtb-5.**", lambda route: route.fulfill(body="the preview"))
    page.goto(f"{place.served.url}/previews/int/{SLEEPING}")  # the hub has read the commit once it offers this
    expect(page.get_by_role("button", name=wake, exact=True)).to_be_visible()
    page.goto(f"{place.served.url}/preview/{SLEEPING}")
    says(page, "It sleeps", "절전 중입니다")
    page.get_by_role("button", name=wake, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=wake, exact=True).click()
    expect(page.get_by_text("the preview", exact=True)).to_be_visible()
    shown = must("show", SLEEPING, "--env", "int", "--repo", place.served.repo, "-o", "json").json()
    assert shown["asleepSince"] is None
