"""Medians of our own rendering and start-up. Quote ratios, not times: machines differ. Peers are not measured yet."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent)]

from builders import LIBRARY, environment, image, preview

from generator.policy import PolicySettings
from generator.render import PreviewRenderer
from generator.validation import Validator
from hub import assets

HUB = str(Path(sys.executable).parent / "rtb-hub")
RENDER = [HUB, "render", "RTB-1", "--env", "int", "-i", f"web={image('web')}", "-i", f"api={image('api')}"]


def median_ms(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def process(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def warm(count: int, *, validate: bool) -> float:
    """Milliseconds a preview in one batch of `count` different previews, new renderer and validator."""
    env = environment()
    entries = [preview(env, key=f"RTB-{n}") for n in range(1, count + 1)]
    renderer, validator = PreviewRenderer(LIBRARY), Validator(assets.generator_data)
    begin = time.perf_counter()
    for entry in entries:
        manifests = renderer.render(entry, env).manifests
        if validate:
            settings = PolicySettings.for_preview(entry, env)
            assert not validator.validate(manifests, kubernetes=["1.34"], settings=settings)
    return (time.perf_counter() - begin) * 1000 / count


def main() -> None:
    bare = median_ms(process(sys.executable, "-c", "pass"), 9)
    print(f"{'whole process':<44}{'median ms':>10}{'x bare':>8}")
    for name, command in {
        "python -c pass": [sys.executable, "-c", "pass"],
        "rtb-hub --version": [HUB, "--version"],
        "rtb-hub --help": [HUB, "--help"],
        "rtb-hub render, 12 objects, validated": RENDER,
    }.items():
        took = median_ms(process(*command), 9)
        print(f"{name:<44}{took:>10.1f}{took / bare:>8.1f}")
    print(f"\n{'a preview of 12 objects, in a batch of':<44}{'ms each':>10}{'text only':>11}")
    for count in (10, 100, 1000):
        full = statistics.median(warm(count, validate=True) for _ in range(3))
        text = statistics.median(warm(count, validate=False) for _ in range(3))
        print(f"{count:<44}{full:>10.2f}{text:>11.2f}")


if __name__ == "__main__":
    main()
