"""What is wrong when an environment, or a whole branch, cannot be read: findings of `rtb-hub doctor`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from generator.errors import HubError, Location, Reason, ToDo
from reconcilers.doctor.repository import Diagnosis

_MEND: ToDo = "fix the file on its branch, or revert the commit that broke it"


def diagnose_unreadable(where: Location, error: HubError, *, is_asked: bool) -> Iterator[Diagnosis]:
    """A finding for each fault that keeps it from being read; `where` for those that are in no file.

    `is_asked` False: others are looked at, and it only leaves out what they share with it: a note.
    """
    rule = "environment-missing" if error.reason is Reason.ENVIRONMENT_MISSING else "environment-unreadable"
    for fault in error.faults:
        parts = (fault.field, fault.message, f"allowed: {fault.allowed}" if fault.allowed else "")
        message = ": ".join(part for part in parts if part)
        if is_asked:
            yield Diagnosis("error", rule, fault.where or where, message, (fault.remedy or _MEND,))
        else:
            told = f"cannot be read, so what others share with it was not looked at: {message}"
            yield Diagnosis("note", rule, fault.where or where, told, (fault.remedy or _MEND,))
