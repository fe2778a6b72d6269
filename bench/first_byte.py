"""When speech arrives, streamed and in one piece: `PYTHONPATH=layers/shared:. python -m bench.first_byte`.

Starts two local stacks that differ in the parameter `ResponseStreaming`, has `hibari` speak the same text on each, and
notes when each piece of the samples arrives. Writes bench/results/first_byte.json and the picture of docs/streaming.md.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench.table import ResultRow, ResultTable, save
from tests.stack.conftest import RunningStack, project

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "images" / "first-byte.svg"
SENTENCES: Final = (
    "The north wind and the sun were disputing which was the stronger, when a traveller came along in a warm cloak.",
    "They agreed that the one who first made the traveller take his cloak off was the stronger.",
    "Then the north wind blew as hard as he could, but the more he blew, the closer the traveller held his cloak.",
    "At last the north wind gave up, and the sun shone out warmly, and the traveller took off his cloak.",
)
TEXT: Final = " ".join(SENTENCES * 3)
ROUNDS: Final = 12
BYTES_PER_SECOND: Final = 48_000

Arrivals = list[tuple[float, float]]
"""Seconds after the request, and the seconds of speech that have arrived by then."""


@contextmanager
def stack(*, streams: bool) -> Iterator[dict[str, Any]]:
    """A local stack of this project with the given `ResponseStreaming`."""
    with tempfile.TemporaryDirectory() as name:
        running = RunningStack(Path(name), {}, project(Path(name), streams=streams))
        try:
            yield running.wait_until_ready()
        finally:
            running.stop()


def speak(info: dict[str, Any]) -> Arrivals:
    """Request the speech once."""
    url = urlsplit(info["base_url"])
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=60)
    body = json.dumps({"model": "hibari", "voice": "nova", "input": TEXT, "response_format": "pcm"})
    headers = {"authorization": f"Bearer {info['api_key']}", "content-type": "application/json"}
    began, size, found = time.monotonic(), 0, Arrivals()
    connection.request("POST", f"{url.path}/audio/speech", body, headers)
    response = connection.getresponse()
    assert response.status == http.HTTPStatus.OK, response.read()
    while piece := response.read1(1_000_000):
        size += len(piece)
        found.append((time.monotonic() - began, size / BYTES_PER_SECOND))
    connection.close()
    return found


def measured(*, streams: bool) -> Arrivals:
    """The fastest round, which other programs disturbed least, without the first call, which starts the function."""
    with stack(streams=streams) as info:
        speak(info)
        return min((speak(info) for _ in range(ROUNDS)), key=lambda arrivals: arrivals[-1][0])


# ---------------------------------------------------------------- the picture
WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 20, 46
_SHORT_S: Final = 1.5
COLOURS: Final = {"streamed": "#1a7f37", "in one piece": "#b35900"}


def picture(lines: dict[str, Arrivals]) -> str:
    """How much speech has arrived at each moment, as SVG."""
    longest = max(arrivals[-1][0] for arrivals in lines.values()) * 1.15
    most = max(arrivals[-1][1] for arrivals in lines.values()) * 1.1

    def at(seconds: float, speech: float) -> str:
        x = LEFT + seconds / longest * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f},{HEIGHT - BOTTOM - speech / most * (HEIGHT - TOP - BOTTOM):.1f}"

    size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_axes(longest, most, at),
    ]
    for order, (name, arrivals) in enumerate(lines.items()):
        parts += _line(f"{name}: first byte after {arrivals[0][0]:.2f} s", arrivals, COLOURS[name], order, at)
    return "\n".join([*parts, "</svg>", ""])


def _axes(longest: float, most: float, at: Any) -> Iterator[str]:
    step = 0.1 if longest < _SHORT_S else 0.5
    for number in range(int(longest / step) + 1):
        x, y = at(number * step, 0).split(",")
        yield f'<path d="M{x},{y}V{TOP}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{number * step:g}</text>'
    for speech in range(0, int(most), 20):
        x, y = at(0, speech).split(",")
        yield f'<path d="M{x},{y}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{speech}</text>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle">seconds after the request</text>'
    yield f'<text transform="translate(14 {HEIGHT / 2 - 10}) rotate(-90)" text-anchor="middle">seconds of speech</text>'


def _line(label: str, arrivals: Arrivals, colour: str, order: int, at: Any) -> Iterator[str]:
    points = [(arrivals[0][0], 0.0), *_thinned(arrivals)]
    drawn = " ".join(at(*point) for point in points)
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    x, y = at(*points[0]).split(",")
    yield f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
    yield f'<text x="{LEFT + 10}" y="{TOP + 16 + 18 * order}" fill="{colour}" font-weight="bold">{label}</text>'


def _thinned(arrivals: Sequence[tuple[float, float]], apart_s: float = 0.005) -> Iterator[tuple[float, float]]:
    """Arrivals of which no two are closer than that, with the last one."""
    last = -apart_s
    for (seconds, speech), (following, _) in pairwise([*arrivals, (float("inf"), 0.0)]):
        if seconds - last >= apart_s or following == float("inf"):
            last = seconds
            yield seconds, speech


def main() -> None:
    """Measure, save and draw."""
    lines = {"streamed": measured(streams=True), "in one piece": measured(streams=False)}
    table = ResultTable(f"speech of {lines['streamed'][-1][1]:.0f} s by hibari, s", ["first byte", "last byte"])
    for name, arrivals in lines.items():
        table.add(ResultRow(name, [arrivals[0][0], arrivals[-1][0]]))
    save("first_byte", [table])
    PICTURE.write_text(picture(lines))


if __name__ == "__main__":
    main()
