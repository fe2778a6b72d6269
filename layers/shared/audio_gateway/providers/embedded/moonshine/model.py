"""Moonshine tiny for English, on onnxruntime: samples in, tokens out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.engine_files import engine_file
from audio_gateway.inference import inference_session
from audio_gateway.providers.embedded.moonshine.tokens import BEGIN, END, read_vocabulary

SAMPLE_RATE: Final = 16_000

_ENGINE: Final = "moonshine"
_LAYERS, _HEADS, _DIMENSIONS = 6, 8, 36  # of the decoder's attention
_LEAST_SAMPLES: Final = SAMPLE_RATE  # shorter audio is filled up with silence
_TOKENS_PER_SECOND: Final = 6.5  # faster than anyone speaks; what comes after that is invented
_FULL_SCALE: Final = 32_768


@dataclass(frozen=True, slots=True)
class Token:
    """A part of the text: its number in the vocabulary, its bytes and its natural log probability."""

    number: int
    utf8: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the model understood of one piece of speech.

    `avg_logprob` is the mean over the tokens and the mark at the end. `complete` says that there was such a mark: else
    there are more tokens than can be spoken in the time.
    """

    tokens: tuple[Token, ...]
    avg_logprob: float
    complete: bool


class Moonshine:
    """The model, in memory.

    Raises:
        ConfigurationError: no layer of the function has it.
    """

    def __init__(self) -> None:
        self._encoder = inference_session(engine_file(_ENGINE, "encoder_model.ort"))
        self._decoder = inference_session(engine_file(_ENGINE, "decoder_model_merged.ort"))
        self._vocabulary = read_vocabulary(engine_file(_ENGINE, "tokenizer.bin"))
        self._outputs = [output.name for output in self._decoder.get_outputs()]

    def recognise(self, pcm: bytes) -> Recognised:
        """The most likely text of s16le mono at 16 kHz.

        It is right for speech of up to 15 s: in silence the model hears `You`, and of more it repeats or invents some.
        """
        import numpy as np

        samples = np.frombuffer(pcm, "<i2").astype(np.float32)[None] / _FULL_SCALE
        if samples.shape[1] < _LEAST_SAMPLES:
            samples = np.pad(samples, ((0, 0), (0, _LEAST_SAMPLES - samples.shape[1])))
        everywhere = np.ones(samples.shape, np.int64)
        (encoded,) = self._encoder.run(None, {"input_values": samples, "attention_mask": everywhere})
        nothing = np.zeros((1, _HEADS, 0, _DIMENSIONS), np.float32)
        inputs: dict[str, Any] = {
            f"past_key_values.{layer}.{side}.{part}": nothing
            for layer in range(_LAYERS)
            for side in ("decoder", "encoder")
            for part in ("key", "value")
        }
        inputs["encoder_hidden_states"] = encoded
        inputs["encoder_attention_mask"] = everywhere  # of the samples: the graph itself thins it out
        found: list[Token] = []
        last, total = BEGIN, 0.0
        for step in range(int(samples.shape[1] / SAMPLE_RATE * _TOKENS_PER_SECOND) + 1):
            inputs["input_ids"] = np.array([[last]], np.int64)
            inputs["use_cache_branch"] = np.array([step > 0])
            logits, *cache = self._decoder.run(None, inputs)
            scores = logits[0, -1]
            last = int(scores.argmax())
            logprob = -float(np.log(np.exp(scores - scores[last]).sum()))
            total += logprob
            if last == END:
                break
            found.append(Token(last, self._vocabulary[last], logprob))
            for name, value in zip(self._outputs[1:], cache, strict=True):
                if step == 0 or ".decoder." in name:  # the encoder's part never changes
                    inputs[name.replace("present", "past_key_values")] = value
        complete = last == END
        return Recognised(tuple(found), total / (len(found) + complete), complete)
