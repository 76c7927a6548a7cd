"""`rtb-hub auth rotate`: a new key for access tokens, and all of them encrypted anew."""

from __future__ import annotations

from generator.errors import ConfigError, Fault, Reason
from hub.output.console import Format, emit
from hub.services.auth.keys import Keys
from hub.services.auth.sealing import sealed_by, sealed_in
from hub.store import schema
from hub.wiring import Hub


def rotate(ours: Hub, *, is_stolen: bool, output: Format) -> None:
    """Do it on the services' database.

    Raises `ConfigError` (InvalidValue without RTB_HUB_KEY_FILE or its right key, DatabaseRevision), `Transient`.
    """
    settings = ours.settings
    if settings.key_file is None and not (settings.data / "key").exists():
        fault = Fault("is missing: signing keys are encrypted by it", field="RTB_HUB_KEY_FILE")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    sealed = sealed_by(settings.key_file) if settings.key_file is not None else sealed_in(settings.data)
    database = ours.database()
    try:
        schema.check(database)
        made = Keys(database, sealed, settings.jwt_algorithm).rotate(is_stolen=is_stolen)
    finally:
        database.close()
    when = "now; what was signed before holds no more" if is_stolen else "in 24 hours"
    emit(
        {"key": made, "signs": "now" if is_stolen else "in 24 hours"},
        output,
        lambda console: console.print(f"{made} signs {when}", markup=False, highlight=False),
    )
