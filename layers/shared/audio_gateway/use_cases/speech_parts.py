"""Long texts in parts: which text is in which call, and the calls, one of them ahead of what is being sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

from audio_gateway.ahead import Ahead
from audio_gateway.catalog.models import Model
from audio_gateway.deadline import Cancellation, Deadline
from audio_gateway.providers.port import AudioChunk
from audio_gateway.text.split import growing_pieces, pieces
from audio_gateway.text.visible import is_visible

MOST_PART_CHARACTERS: Final = 4096
"""The longest part for a model that takes any length, where parts are worth it."""

_MOST_READY_BYTES: Final = 32_000_000  # 4,096 characters at half speed, as samples


@dataclass(frozen=True, slots=True)
class TextParts:
    """A text in parts of at most `most` characters, made while they are read; without `most` it is one part.

    With `grows` the first part is a sentence and the following ones are longer and longer: for a model whose sound
    begins only when it has spoken all of a part.
    """

    text: str
    most: int | None = None
    grows: bool = False

    @classmethod
    def of(cls, text: str, model: Model, *, soon: bool) -> TextParts:
        """The parts for a model; with `soon`, the first sound counts more than the number of calls."""
        if soon and "streaming" not in model.capabilities:
            return cls(text, model.max_characters or MOST_PART_CHARACTERS, grows=True)
        return cls(text, model.max_characters)

    @property
    def is_single(self) -> bool:
        """Whether there is only one part."""
        return len(list(islice(self, 2))) == 1

    def __iter__(self) -> Iterator[str]:
        if self.most is None or (len(self.text) <= self.most and not self.grows):
            return iter((self.text,))
        split = growing_pieces if self.grows else pieces
        return filter(is_visible, split(self.text, self.most))  # a blank part has nothing to speak


class PartsAhead(AbstractContextManager["PartsAhead"]):
    """The calls for the parts of a text: each begins when the first sound of the part before it has come.

    So at most two calls run at the same time. What the next part sounds like is received meanwhile, up to 32 MB, so
    that a caller who listens slowly does not keep its provider waiting. At the end of the block nothing runs any more.
    """

    def __init__(
        self, parts: TextParts, ask: Callable[[str, Deadline], Iterator[AudioChunk]], deadline: Deadline
    ) -> None:
        self._parts = parts
        self._ask = ask
        self._deadline = deadline
        self._next: Ahead[AudioChunk] | None = None

    def __exit__(self, *_: object) -> None:
        if self._next is not None:
            self._next.close()

    def starts(self) -> Iterator[Callable[[], Iterator[AudioChunk]]]:
        """What starts each part, in their order. Each is to be started when the one before has ended."""
        parts = iter(self._parts)
        text = next(parts)
        for following in parts:
            yield partial(self._spoken, text, following)
            text = following
        yield partial(self._spoken, text, None)

    def _spoken(self, text: str, following: str | None) -> Iterator[AudioChunk]:
        ahead, self._next = self._next, None
        chunks = self._ask(text, self._deadline) if ahead is None else ahead
        try:
            for chunk in chunks:
                if following is not None:
                    self._next, following = self._begun(following), None
                yield chunk
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()

    def _begun(self, text: str) -> Ahead[AudioChunk]:
        cancellation = Cancellation()  # of this call: the request may go on without it, with a fallback
        if self._deadline.cancellation is not None:
            self._deadline.cancellation.add(cancellation.cancel)
        return Ahead(
            self._ask(text, replace(self._deadline, cancellation=cancellation)),
            most=_MOST_READY_BYTES,
            size_of=lambda chunk: len(chunk.data),
            cancel=cancellation.cancel,
        )
