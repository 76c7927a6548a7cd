"""A process that starts previews one after the other, each by a writer of its own, as `rtb-hub start` does.

Arguments: repository, cache, name of the writer's project, how many. Prints when each began and ended, in seconds of the
machine's clock since it was started.
"""

from __future__ import annotations

import os
import sys
import time

from hub.actions.start import submission
from hub.settings import load_settings
from hub.wiring import Hub
from worlds.builders import start_request


def main() -> None:
    repository, cache, project, count = sys.argv[1:]
    ours = Hub(load_settings({**os.environ, "RTB_HUB_CACHE": cache}))
    store = ours.store(repository)
    for number in range(1, int(count) + 1):
        begin = time.monotonic()
        ours.writer(store).write(submission(start_request(f"{project}-{number}"), "int", ours.starter))
        print(begin, time.monotonic(), flush=True)
