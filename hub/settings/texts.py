"""Texts of settings that have a form of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from generator.values.formats import check_dns_label


def _git_person(text: str) -> str:
    """A name or an address as it may stand in a commit: Git's own format ends them at these signs."""
    if not text.isprintable() or not text.strip(" .") or set(text) & set("<>") or len(text) > 200:
        raise ValueError("is not a name or an address; allowed: at most 200 printable signs, without < and >")
    return text


def _person(text: str) -> str:
    """Who asks: it stands in entries, trailers and requests for people to read."""
    if not text.isprintable() or not text.strip() or len(text) > 200:
        raise ValueError("is nobody's name; allowed: at most 200 printable signs")
    return text


def _contexts(text: str) -> str:
    """Environments, each with a context of a kubeconfig file."""
    for one in filter(None, text.split(",")):
        name, equals, context = one.partition("=")
        if not (equals and name.strip() and context.strip()):
            raise ValueError(f"{one[:40]!r} is not ENV=CONTEXT; allowed: such as int=int-cluster,stg=stg-cluster")
    return text


def _environments(text: str) -> str:
    """Names of environments."""
    for one in filter(None, text.split(",")):
        try:
            check_dns_label(one)
        except ValueError as err:
            raise ValueError(f"{one[:40]!r} is no environment's name; allowed: such as int,stg") from err
    return text


#: What Git writes as an author's name or address.
GitPerson = Annotated[str, AfterValidator(_git_person)]
#: Who asks.
Person = Annotated[str, AfterValidator(_person)]
#: Contexts of kubeconfig files by environment, see `RTB_HUB_CLUSTERS`.
Contexts = Annotated[str, AfterValidator(_contexts)]
#: Names of environments.
Environments = Annotated[str, AfterValidator(_environments)]
