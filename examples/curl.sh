#!/usr/bin/env bash
# Models, voices, speech, transcription and translation with curl. Set OPENAI_BASE_URL and OPENAI_API_KEY.
set -euo pipefail
speech_model=${SPEECH_MODEL:-tts-1}
transcription_model=${TRANSCRIPTION_MODEL:-whisper-1}

# -L follows the redirect of an answer that is too big for Lambda; --fail-with-body shows errors and ends this script.
call() { curl --silent --show-error --fail-with-body -L -H "Authorization: Bearer $OPENAI_API_KEY" "$@"; }

echo "== models"
call "$OPENAI_BASE_URL/models"
echo
echo "== voices, to voices.json"
call "$OPENAI_BASE_URL/audio/voices?model=$speech_model" -o voices.json
echo "== speech, to hello.wav"
call "$OPENAI_BASE_URL/audio/speech" -H "Content-Type: application/json" -o hello.wav -d @- <<JSON
{"model": "$speech_model", "voice": "alloy", "response_format": "wav", "input": "Good morning. Thank you for listening."}
JSON
echo "== transcription, as subtitles"
call "$OPENAI_BASE_URL/audio/transcriptions" -F "model=$transcription_model" -F file=@hello.wav -F response_format=srt
echo "== transcription, with the times of words"
call "$OPENAI_BASE_URL/audio/transcriptions" -F "model=$transcription_model" -F file=@hello.wav \
    -F response_format=verbose_json -F "timestamp_granularities[]=word"
echo
echo "== translation"
call "$OPENAI_BASE_URL/audio/translations" -F "model=$transcription_model" -F file=@hello.wav
echo
