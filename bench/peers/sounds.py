"""What the requests say and the upstream answers: real speech, in the formats of the API."""

from __future__ import annotations

import io
import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.encode import encode

CLIPS: Final = Path(__file__).resolve().parents[2] / "tests" / "data" / "speech"
_RATE: Final = 16_000
_MP3_BYTES: Final = 32 * 1024
_MP3_BITS_PER_S: Final = 128_000
SHORT_BYTES: Final = 160_000  # five seconds
LONG_BYTES: Final = 4_000_000
_BOUNDARY: Final = "------------------------benchmark"


@dataclass(frozen=True)
class Sounds:
    """`mp3` is the upstream's speech; `short` and `long` are forms with wav files to transcribe."""

    mp3: bytes
    short: bytes
    long: bytes

    @property
    def form_type(self) -> str:
        return f"multipart/form-data; boundary={_BOUNDARY}"

    def speech_body(self, model: str, number: int) -> bytes:
        """A request for speech. Each number is another text of the same length, so nothing can be cached."""
        body = {"model": model, "input": f"He was not an ill-disposed young man, {number:08d}.", "voice": "alloy"}
        return json.dumps(body | {"response_format": "pcm" if model == "streamer" else "mp3"}).encode()


def make_sounds() -> Sounds:
    """Read aloud: the clips of the tests, repeated until there is enough."""
    spoken = b"".join(b"".join(decode_pcm(file.read_bytes(), _RATE)) for file in sorted(CLIPS.glob("*.wav")))
    samples = _MP3_BYTES * 8 * _RATE // _MP3_BITS_PER_S
    mp3 = b"".join(encode([spoken[: 2 * samples]], sample_rate=_RATE, format="mp3"))
    return Sounds(mp3, *(form(wav(spoken, size)) for size in (SHORT_BYTES, LONG_BYTES)))


def wav(spoken: bytes, size: int) -> bytes:
    """A file of `size` bytes and a header."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((spoken * (size // len(spoken) + 1))[:size])
    return out.getvalue()


def form(audio: bytes) -> bytes:
    """The form of a transcription."""
    field = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\nlistener\r\n'
    file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\n'
    return f"{field}{file}Content-Type: audio/wav\r\n\r\n".encode() + audio + f"\r\n--{_BOUNDARY}--\r\n".encode()
