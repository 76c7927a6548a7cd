"""Commands about what there is to choose from."""

import typer


def register(app: typer.Typer) -> None: ...
