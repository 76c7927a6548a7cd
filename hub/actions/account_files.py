"""What an account gave, and whether the environment's file names it: previews go by the file."""

from __future__ import annotations

from collections.abc import Iterator

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.render import Account
from generator.errors import HubError
from hub.actions.account_outcome import Checked, Difference, remedies
from hub.adapters.account.access import Access
from hub.adapters.account.reading import group_named, issued


def written_back(account: Account, access: Access) -> Iterator[Checked]:
    """The previews' group and certificate: pods and load balancers that name another go on with that one."""
    environment = account.environment
    spec, file = environment.spec, f"environments/{environment.name}/environment.yaml"
    objects = [one for stack in account.stacks for one in stack.objects]
    for one in objects:
        try:
            match one:
                case o.SecurityGroup(name="Previews"):
                    found = group_named(access, one.vpc, one.group_name)
                    there = [found] if found else []
                    field, named = "isolation.securityGroups", spec.isolation.security_groups
                case o.Certificate():
                    there = issued(access, one.domain)
                    field, named = "exposure.certificates", spec.exposure.certificates
                case _:
                    continue
        except HubError as err:
            yield Checked("", "File", file, "unread", why=err.words, repairs=remedies(err))
            continue
        if there and not set(there) & set(named):
            step = f"write {there[0]} into {field} of {file}, and apply what 'argocd render' prints then"
            yield Checked(
                "", "File", file, "differs", (Difference(field, there[0], ", ".join(named)),), repairs=(step,)
            )
