#!/usr/bin/env bash
# Transcribe a recording of any size with curl: big_file.sh talk.mp3 > talk.srt
# Set OPENAI_BASE_URL and OPENAI_API_KEY. Needs python3, to read JSON.
set -euo pipefail
recording=${1:?a recording}
model=${TRANSCRIPTION_MODEL:-whisper-1}

call() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $OPENAI_API_KEY" "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# 1. Announce the file; the answer contains a form for the bucket.
bytes=$(($(wc -c < "$recording")))
upload=$(call "$OPENAI_BASE_URL/audio/uploads" -H "Content-Type: application/json" \
    -d "{\"filename\": \"recording\", \"bytes\": $bytes}")
upload_id=$(field id <<< "$upload")

# 2. Send the form's fields and then the file, without the key.
form=()
while IFS= read -r line; do form+=(--form-string "$line"); done < <(python3 -c '
import json, sys
for name, value in json.load(sys.stdin)["fields"].items():
    print(f"{name}={value}")' <<< "$upload")
curl --silent --show-error --fail-with-body "${form[@]}" -F "file=@$recording;filename=recording" \
    "$(field url <<< "$upload")"

# 3. Start the job, with an idempotency key, so a retry does not start another one.
job=$(call "$OPENAI_BASE_URL/audio/transcriptions" -H "Idempotency-Key: $upload_id" \
    -F "model=$model" -F "upload_id=$upload_id" -F response_format=srt -F background=true | field id)

# 4. Wait for it. Each request waits for up to 25 s; while the job runs, the answer is a redirect.
content="$OPENAI_BASE_URL/audio/jobs/$job/content?wait=25"
result=$(mktemp) headers=$(mktemp)
trap 'rm -f "$result" "$headers"' EXIT
while :; do
    status=$(call "$content" -o "$result" -D "$headers" -w '%{http_code}') || { cat "$result" >&2; exit 1; }
    if [ "$status" != 303 ]; then break; fi
    location=$(tr -d '\r' < "$headers" | sed -n 's/^[Ll]ocation: //p')
    if [[ "$location" != /* ]]; then # a result too big for an answer is in the bucket
        curl --silent --show-error --fail-with-body "$location" -o "$result"
        break
    fi
    echo "still running: $(call "$OPENAI_BASE_URL/audio/jobs/$job" | field progress)" >&2
done
cat "$result"
