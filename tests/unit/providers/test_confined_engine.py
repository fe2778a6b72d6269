"""What an engine that was taken over can do, and what the function makes of it. Not by eSpeak NG: by a hostile one."""

from __future__ import annotations

import ast
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderTimedOut, ProviderUnavailable, TextUnspeakable
from audio_gateway.providers.embedded.espeak import process as espeak_process
from audio_gateway.providers.embedded.espeak import speaker
from audio_gateway.providers.embedded.espeak.confined import frames
from audio_gateway.providers.embedded.espeak.process import EspeakProcess, SpokenText

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
ENGINE = "import sys, runpy; sys.path.append(sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"


def command(*arguments: str) -> list[str]:
    files = [str(ROOT / "layers" / "shared"), str(ROOT / "tests" / "fakes" / "hostile_engine.py")]
    return [sys.executable, "-I", "-S", "-c", ENGINE, *files, *arguments]


@contextmanager
def running(*arguments: str) -> Iterator[EspeakProcess]:
    process = EspeakProcess(command(*arguments))
    try:
        yield process
    finally:
        process.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[EspeakProcess]:
    with running() as process:
        yield process


@pytest.fixture(scope="module")
def unfiltered() -> Iterator[EspeakProcess]:
    """As on a kernel that filters no system calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(espeak_process, "_hide_memory", lambda: None)  # this process's, which goes on to other tests
        with running("without-a-filter") as process:
            process.voices()
            yield process


def ask(process: EspeakProcess, text: str, *, seconds: float = 30, voice: str = "x/hostile") -> str:
    pieces = process.speak(SpokenText(text, voice, 50), Deadline.after(seconds))
    return b"".join(pieces).decode().strip()


def answer(process: EspeakProcess, text: str) -> Any:
    return ast.literal_eval(ask(process, text))


def server_of(process: EspeakProcess) -> int:
    assert process._server is not None
    return process._server._process.pid


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    """Whether a process ends within a while; its new parent may reap it late."""
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.005)
    return False


def none_left(process: EspeakProcess) -> bool:
    """Whether those that spoke are gone, and none of them is a zombie; the system takes a moment."""
    give_up_at = time.monotonic() + 30
    while children(server_of(process)) and time.monotonic() < give_up_at:
        time.sleep(0.005)
    return not children(server_of(process))


def test_a_host_that_does_not_let_it_be_confined_is_not_the_text_s_fault() -> None:
    with running("cannot-be-confined") as process, pytest.raises(ProviderUnavailable):
        ask(process, "echo|hello")


def test_a_host_where_no_process_can_be_killed_still_gets_its_answers(
    engine: EspeakProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container whose root may not signal the processes of others, or under a filter that knows no pidfds.
    def refused(_handle: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", refused)
    assert ask(engine, "echo|hello") == "hello"


# ---------------------------------------------------------------- what it can reach
@pytest.mark.parametrize("kind", ["engine", "unfiltered"])
def test_it_opens_no_file(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    process = request.getfixturevalue(kind)
    paths = [
        "/etc/passwd",
        "/dev/null",
        f"/proc/{os.getpid()}/environ",
        f"/proc/{os.getpid()}/mem",
        "/proc/self/environ",
    ]
    assert set(answer(process, "open|" + "|".join(paths)[:4000])) <= {"EPERM", "EMFILE"}
    assert ask(process, f"create|{tmp_path / 'new'}") in {"EPERM", "EMFILE"}


@pytest.mark.parametrize("kind", ["engine", "unfiltered"])
def test_it_opens_no_connection(kind: str, request: pytest.FixtureRequest) -> None:
    process = request.getfixturevalue(kind)
    assert ask(process, "connect") in {"EPERM", "EMFILE"}
    assert ask(process, "pair") in {"EPERM", "EMFILE"}


@pytest.mark.parametrize("kind", ["engine", "unfiltered"])
def test_it_has_its_connection_and_nowhere_to_look(kind: str, request: pytest.FixtureRequest) -> None:
    assert answer(request.getfixturevalue(kind), "descriptors") == [0, 1, 2]  # 1 and 2 are /dev/null


def test_it_has_none_of_the_function_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    with running() as process:
        first, all_of_it = answer(process, "environment")
    assert set(all_of_it) <= {"LD_LIBRARY_PATH", "LC_CTYPE"}  # the second is Python's own, of no environment at all
    assert b"secret" not in (first or b"")


@pytest.mark.parametrize("kind", ["engine", "unfiltered"])
def test_it_may_not_look_into_the_function_or_end_it(kind: str, request: pytest.FixtureRequest) -> None:
    read, attached, killed = answer(request.getfixturevalue(kind), f"process|{os.getpid()}")
    assert (read, attached, killed) == (-1, -1, "EPERM") or (kind, os.geteuid() == 0) == ("unfiltered", False)


@pytest.mark.parametrize("what", ["run", "fork", "raise_limits", "remove|/tmp/nothing"])
def test_it_starts_nothing_and_changes_nothing(engine: EspeakProcess, what: str) -> None:
    assert ask(engine, what) in {"EPERM", "ValueError"}  # the second is Python's for limits that may not be raised


def test_it_multiplies_nowhere(unfiltered: EspeakProcess) -> None:
    assert ask(unfiltered, "fork") == "EAGAIN"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_it_is_not_root(unfiltered: EspeakProcess) -> None:
    assert answer(unfiltered, "user") == [65_534, 65_534]
    assert ask(unfiltered, "raise_limits") in {"EPERM", "ValueError"}


def test_without_a_filter_the_function_hides_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = []
    monkeypatch.setattr(espeak_process, "_hide_memory", lambda: hidden.append(True))
    with running() as process:
        process.voices()
        assert not hidden
    with running("without-a-filter") as process:
        process.voices()
        assert hidden


# ---------------------------------------------------------------- how it ends
@pytest.mark.parametrize("what", ["crash", "memory", "hang"])
def test_a_process_that_crashes_fails_only_its_own_text(engine: EspeakProcess, what: str) -> None:
    with pytest.raises(TextUnspeakable) as caught:
        ask(engine, what)
    assert (caught.value.param, caught.value.code) == ("input", "text_unspeakable")
    assert "'input'" in caught.value.message
    assert ask(engine, "echo|next") == "next"
    assert none_left(engine)


def test_a_process_that_is_late_is_killed_at_the_deadline(engine: EspeakProcess) -> None:
    with pytest.raises(ProviderTimedOut):
        ask(engine, "hang", seconds=0.2)
    assert none_left(engine)


def test_a_process_that_is_silent_is_killed(engine: EspeakProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "_SILENCE_S", 0.2)
    with pytest.raises(TextUnspeakable):
        ask(engine, "sleep")
    assert none_left(engine)


def test_closing_the_iterator_ends_the_process(engine: EspeakProcess) -> None:
    pieces = engine.speak(SpokenText("flood", "x/hostile", 50), Deadline.after(30))
    next(pieces)
    assert children(server_of(engine))
    pieces.close()  # type: ignore[attr-defined] # it is a generator
    assert none_left(engine)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("41ffffffff", id="4 GB"),
        pytest.param("4100010001", id="64 KB and one"),
        pytest.param("4100000003000000", id="half a sample"),
        pytest.param("5a00000000", id="no kind"),
        pytest.param("5200000000", id="a second beginning"),
        pytest.param("4800000001", id="a greeting"),
        pytest.param("41", id="cut off"),
    ],
)
def test_a_frame_that_lies_ends_the_process(engine: EspeakProcess, raw: str) -> None:
    with pytest.raises(TextUnspeakable):
        ask(engine, f"send|{raw}")
    assert ask(engine, "echo|next") == "next"


def test_speech_without_end_is_cut_off(engine: EspeakProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_process, "_MOST_BYTES_ANYWAY", 1_000_000)
    monkeypatch.setattr(espeak_process, "_MOST_BYTES_A_CHARACTER", 0)
    taken: list[Any] = []
    with pytest.raises(TextUnspeakable):
        taken.extend(engine.speak(SpokenText("flood", "x/hostile", 50), Deadline.after(30)))
    assert none_left(engine)


def test_a_process_speaks_once(engine: EspeakProcess) -> None:
    assert len({ask(engine, "pid") for _ in range(3)}) == 3


def test_many_speak_at_the_same_time(engine: EspeakProcess) -> None:
    texts = [f"{index}" * 2000 for index in range(9)]
    with ThreadPoolExecutor(9) as pool:
        assert list(pool.map(lambda text: ask(engine, f"echo|{text}"), texts)) == texts
    assert none_left(engine)


def test_a_text_longer_than_a_connection_holds_arrives_whole(engine: EspeakProcess) -> None:
    text = "x" * 1_000_000
    with pytest.raises(TextUnspeakable):  # it is said in one frame, which is too long: but it was said
        ask(engine, f"echo|{text}")
    assert ask(engine, f"echo|{text[:65_000]}") == text[:65_000]


def test_nothing_stays_open(engine: EspeakProcess) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    ask(engine, "echo|x")
    before = count()
    for _ in range(5):
        ask(engine, "echo|x")
        with pytest.raises(TextUnspeakable):
            ask(engine, "crash")
    assert count() == before
    assert len(list(Path(f"/proc/{server_of(engine)}/fd").iterdir())) == 3


# ---------------------------------------------------------------- the server
def test_a_server_that_died_is_started_again() -> None:
    with running() as process:
        assert ask(process, "echo|x") == "x"
        first = server_of(process)
        os.kill(first, signal.SIGKILL)
        assert ask(process, "echo|y") == "y"
        assert server_of(process) != first
        assert not Path(f"/proc/{first}").exists()


def test_a_server_starts_without_being_waited_for() -> None:
    with running() as process:
        process.start()
        first = server_of(process)
        process.start()
        assert ask(process, "echo|x") == "x"
        assert server_of(process) == first


def test_those_who_speak_die_with_the_server_and_their_texts_are_not_to_blame() -> None:
    with running() as process:
        pieces = process.speak(SpokenText("flood", "x/hostile", 50), Deadline.after(30))
        next(pieces)
        (child,) = children(server_of(process))
        os.kill(server_of(process), signal.SIGKILL)
        assert gone(child)
        with pytest.raises(ProviderUnavailable):
            list(pieces)


def test_a_server_that_always_dies_is_the_service_s_fault() -> None:
    with running("dies-at-once") as process, pytest.raises(ProviderUnavailable):
        ask(process, "echo|x")


@pytest.mark.parametrize("program", [[sys.executable, "-c", "pass"], ["/nowhere/python"]])
def test_a_server_that_does_not_start_is_the_service_s_fault(program: list[str]) -> None:
    process = EspeakProcess(program)
    process.start()
    with pytest.raises(ProviderUnavailable):
        process.voices()
    with pytest.raises(ProviderUnavailable):
        ask(process, "echo|x")
    process.close()


def test_a_server_that_cannot_load_its_library_is_the_operator_s_fault() -> None:
    failure = frames.frame(frames.FAILED, b"no library")
    process = EspeakProcess([sys.executable, "-c", f"import os; os.write(0, {failure!r})"])
    with pytest.raises(ConfigurationError, match="no library"):
        process.voices()
    process.close()


def test_a_voice_that_is_listed_and_not_there_is_the_operator_s_fault(engine: EspeakProcess) -> None:
    with pytest.raises(ConfigurationError):
        ask(engine, "echo|x", voice="nobody")


def test_what_every_request_waits_for_imports_nothing_slow() -> None:
    program = (
        "import sys; sys.path.append(sys.argv[1]);"
        "import audio_gateway.providers.embedded.espeak.confined.server;"
        "import audio_gateway.providers.embedded.espeak.confined.espeak;"
        "assert not {'re', 'typing', 'enum', 'collections', 'dataclasses', 'socket'} & set(sys.modules)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-I", "-S", "-c", program, command()[5]]) == 0
