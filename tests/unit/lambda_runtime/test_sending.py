"""How a response is handed to the connection."""

from __future__ import annotations

from collections.abc import Sequence

from audio_gateway.lambda_runtime.connection import Connection
from audio_gateway.lambda_runtime.streamed_response import StreamedResponse
from tests.unit.lambda_runtime.serving import HEADERS


class Recorder(Connection):
    """Keeps what is sent, and sends nothing."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1")
        self.sent: list[list[bytes | memoryview]] = []

    def send(self, parts: Sequence[bytes | memoryview], deadline: float | None) -> None:  # noqa: ARG002 -- as it is
        self.sent.append(list(parts))


def test_the_prelude_leaves_together_with_the_first_piece_and_no_piece_is_copied() -> None:
    connection = Recorder()
    response = StreamedResponse(connection, b"head", deadline=0)
    first, second = b"first" * 1000, b"second" * 1000
    response.start(200, HEADERS)
    assert connection.sent == []
    response.write(first)
    response.write(second)
    response.end()
    with_prelude, with_second, end = connection.sent
    assert with_prelude[0] == b"head"
    assert b"".join(with_prelude).count(b"\0" * 8) == 1
    assert [part for part in with_prelude if part is first]
    assert [part for part in with_second if part is second]
    assert end == [b"0\r\n\r\n"]


def test_the_answer_to_a_complete_response_is_no_early_one() -> None:
    class Answering(Recorder):
        """The answer comes before `send` returns."""

        def has_answer(self) -> bool:
            return [b"0\r\n\r\n"] in self.sent

        def send(self, parts: Sequence[bytes | memoryview], deadline: float | None) -> None:
            super().send(parts, deadline)
            looked.append(response.is_disconnected())  # as another thread might

    looked: list[bool] = []
    response = StreamedResponse(Answering(), b"head", deadline=0)
    response.start(200, HEADERS)
    response.write(b"a")
    response.end()
    assert [*looked, response.is_disconnected()] == [False, False, False]


def test_a_response_without_a_body_leaves_at_once() -> None:
    connection = Recorder()
    response = StreamedResponse(connection, b"head", deadline=0)
    response.start(204, [])
    response.end()
    assert len(connection.sent) == 1
