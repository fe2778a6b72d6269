"""A page in a real browser reads and plays answers while the provider still works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.fakes.upstream_sound import CONTENT_TYPES, speech
from tests.stack.sdk.chromium import Chromium, Gateway

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

TEXT = "la " * 120  # 21.6 seconds of the fake's speech
SECONDS = 0.06 * len(TEXT)


@pytest.fixture(scope="module")
def chromium(wired_stack: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    gateway = Gateway(wired_stack["base_url"], wired_stack["api_key"])
    with Chromium(tmp_path_factory.mktemp("chromium"), gateway) as running:
        yield running


def halves(response_format: str) -> tuple[bytes, bytes]:
    """The provider's answer."""
    data = speech(text=TEXT, format=response_format, speed=1, rate=24_000, channels=1, silent=False)
    return data[: len(data) // 2], data[len(data) // 2 :]


READ_EVENTS = """
    const answer = await fetch(`${values.url}/audio/speech`, {
      method: 'POST',
      headers: { authorization: `Bearer ${values.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'fake-tts', voice: 'alloy', input: 'Hello.', stream_format: 'sse' }),
    });
    await say([answer.status, answer.headers.get('content-type'), answer.headers.get('x-audio-gateway-model')]);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '', events = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      const parts = text.split('\\r\\n\\r\\n');
      text = parts.pop();
      const first = events === 0 && parts.length > 0;
      events += parts.length;
      if (first) await say('the first event');
    }
    await say(events);
"""


def test_a_page_reads_events_while_the_provider_still_speaks(
    chromium: Chromium, wired_stack: dict[str, Any], upstream: FakeUpstream
) -> None:
    first, last = halves("mp3")
    steps = upstream.answer_in_steps("audio/mpeg")
    steps.send(first)
    chromium.run(READ_EVENTS, url=wired_stack["base_url"], key=wired_stack["api_key"])
    assert chromium.listen() == [200, "text/event-stream; charset=utf-8", "fake-tts"]
    assert chromium.listen() == "the first event"
    steps.send(last)
    steps.end()
    assert chromium.listen() >= (len(first) + len(last)) // 4096
    assert chromium.listen() == "done"


PLAYED = """
    const audio = new Audio(), failed = new Promise((_, reject) => {
      audio.onerror = () => reject(new Error(audio.error.message));
    });
    const pause = () => new Promise((resolve) => { setTimeout(resolve, 10); });
    const moved = async () => { while (audio.currentTime < 0.1) await pause(); };
    const ended = new Promise((resolve) => { audio.onended = resolve; });
"""

PLAY_MEDIA_SOURCE = f"""
    {PLAYED}
    const source = new MediaSource();
    audio.src = URL.createObjectURL(source);
    await new Promise((resolve) => {{ source.onsourceopen = resolve; }});
    const buffer = source.addSourceBuffer('audio/mpeg');
    const answer = await fetch(`${{values.url}}/audio/speech`, {{
      method: 'POST',
      headers: {{ authorization: `Bearer ${{values.key}}`, 'content-type': 'application/json' }},
      body: JSON.stringify({{ model: 'fake-tts', voice: 'alloy', input: 'Hello.', response_format: 'mp3' }}),
    }});
    const filled = (async () => {{
      const reader = answer.body.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {{
        buffer.appendBuffer(next.value);
        await new Promise((resolve) => {{ buffer.onupdateend = resolve; }});
      }}
      source.endOfStream();
    }})();
    await Promise.race([audio.play(), failed]);
    await Promise.race([moved(), failed]);
    await say('playing');
    await filled;
    audio.playbackRate = 16;
    await Promise.race([ended, failed]);
    await say(audio.currentTime);
"""

PLAY_ADDRESS = f"""
    {PLAYED}
    audio.src = `/speak/fake-tts/${{values.format}}`;
    await Promise.race([audio.play(), failed]);
    await Promise.race([moved(), failed]);
    await say('playing');
    audio.playbackRate = 16;
    await Promise.race([ended, failed]);
    await say(audio.currentTime);
"""


def test_a_page_plays_mp3_from_the_gateway_while_the_provider_still_speaks(
    chromium: Chromium, wired_stack: dict[str, Any], upstream: FakeUpstream
) -> None:
    first, last = halves("mp3")
    steps = upstream.answer_in_steps("audio/mpeg")
    steps.send(first)
    chromium.run(PLAY_MEDIA_SOURCE, url=wired_stack["base_url"], key=wired_stack["api_key"])
    assert chromium.listen() == "playing"
    steps.send(last)
    steps.end()
    assert chromium.listen() == pytest.approx(SECONDS, abs=0.3)
    assert chromium.listen() == "done"


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_an_audio_element_plays_while_the_provider_still_speaks(
    chromium: Chromium, upstream: FakeUpstream, response_format: str
) -> None:
    first, last = halves(response_format)
    steps = upstream.answer_in_steps(CONTENT_TYPES[response_format])
    steps.send(first)
    chromium.run(PLAY_ADDRESS, format=response_format)
    assert chromium.listen() == "playing"
    steps.send(last)
    steps.end()
    assert chromium.listen() == pytest.approx(SECONDS, abs=0.3)
    assert chromium.listen() == "done"


READ_TO_THE_END = """
    const abort = new AbortController();
    const answer = await fetch(`${values.url}/audio/speech`, {
      method: 'POST',
      headers: { authorization: `Bearer ${values.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'fake-tts', voice: 'alloy', input: 'Hello.', response_format: 'wav' }),
      signal: abort.signal,
    });
    const reader = answer.body.getReader();
    await reader.read();
    await say('the first bytes');
    if (values.aborts) abort.abort();
    try { while (!(await reader.read()).done); await say('a whole body'); }
    catch (error) { await say(error.name); }
"""


def test_a_body_that_breaks_off_is_an_error_for_a_page(
    chromium: Chromium, wired_stack: dict[str, Any], upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/wav")
    steps.send(halves("wav")[0])
    chromium.run(READ_TO_THE_END, url=wired_stack["base_url"], key=wired_stack["api_key"], aborts=False)
    assert chromium.listen() == "the first bytes"
    steps.cut()
    assert chromium.listen() == "TypeError"


def test_a_page_that_aborts_stops_the_provider(
    chromium: Chromium, wired_stack: dict[str, Any], upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/wav")
    steps.send(halves("wav")[0])
    chromium.run(READ_TO_THE_END, url=wired_stack["base_url"], key=wired_stack["api_key"], aborts=True)
    assert chromium.listen() == "the first bytes"
    steps.wait_until_disconnected()
    assert chromium.listen() == "AbortError"
