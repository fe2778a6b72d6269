"""What a newcomer types first: it shows its result, and what is said is heard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.audio.transcode import transcode
from audio_gateway.catalog.load import load_catalog
from audio_gateway.deadline import Deadline
from audio_gateway.providers.port import (
    SpeechAdapter,
    SynthesisCall,
    TranscriptDone,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.providers.registry import adapter_of
from tests.unit.docs.pages import ROOT, blocks, texts

PAGES = texts()
SHELL = {path: text for path, text in PAGES.items() if path.suffix in {".md", ".sh"}}
BY_HAND = Path("examples/big_file.sh")  # follows redirects itself, to say how far the job is
PHRASE = "Good morning. Thank you for listening."


def curls(path: Path) -> list[str]:
    """The whole commands with which a page calls the API."""
    text = SHELL[path]
    code = "\n".join(blocks(text, "sh")) if path.suffix == ".md" else text
    lines = code.replace("\\\n", " ").splitlines()
    return [line for line in lines if re.search(r"\bcurl\b.*\$(OPENAI_)?BASE_URL", line)]


@pytest.mark.parametrize("path", [path for path in SHELL if path != BY_HAND and curls(path)], ids=str)
def test_curl_follows_redirects_and_so_shows_an_answer_that_comes_later(path: Path) -> None:
    """Without -L it prints nothing, ends well, and a job has begun that is paid."""
    for command in curls(path):
        assert re.search(r" -L\b", command), command


@pytest.mark.parametrize("page", ["README.md", "docs/clients.md", "clients/python/README.md", "clients/node/README.md"])
def test_programs_name_models_that_there_are(page: str) -> None:
    known = load_catalog(ROOT / "layers" / "shared" / "catalog.toml").names()
    code = "\n".join(blocks(PAGES[Path(page)], "[a-z]+"))
    named = re.findall(r"""model"?[=:] ?["']?([\w.-]+)""", code)
    assert named
    assert set(named) <= set(known)


@pytest.mark.slow
def test_what_the_readme_says_first_is_heard_as_it_was_said() -> None:
    readme = SHELL[Path("README.md")]
    speech, transcription = curls(Path("README.md"))[:2]
    body = re.search(r"-d '(\{.*\})'", speech)
    listener = re.search(r"-F model=(\S+)", transcription)
    assert body and listener and PHRASE in readme  # noqa: PT018 - one sentence
    asked = json.loads(body[1])
    catalog = load_catalog(ROOT / "layers" / "shared" / "catalog.toml")
    speaker = catalog.model_for(asked["model"], "speech")
    engine = cast("SpeechAdapter", adapter_of(speaker.provider))
    voice = (speaker.voices or {}).get(asked["voice"], asked["voice"])
    request = SynthesisCall(speaker.upstream, asked["input"], voice, "pcm", Deadline.after(60))
    chunks = list(engine.synthesize(request))
    pcm = [chunk.data for chunk in chunks]
    mp3 = b"".join(transcode(pcm, declared="pcm", sample_rate=chunks[0].sample_rate or 0, wanted="mp3"))
    hears = catalog.model_for(listener[1], "transcriptions")
    ears = cast("TranscriptionAdapter", adapter_of(hears.provider))
    done = list(ears.transcribe(TranscriptionCall(hears.upstream, measure(mp3), Deadline.after(60))))[-1]
    assert isinstance(done, TranscriptDone)
    assert re.findall(r"\w+", done.transcript.text.lower()) == re.findall(r"\w+", asked["input"].lower())
