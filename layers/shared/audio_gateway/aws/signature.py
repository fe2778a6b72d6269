"""AWS's Signature Version 4 for requests that are all alike: POSTs to `/` of one service in one region.

Source: IAM User Guide, "Create a signed AWS API request". Only `host` and the `x-amz-` headers are signed; whatever
else could change what a request means is in its body, which is signed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one service in one region."""

    service: str
    region: str

    def authorization(self, access_key: str, secret_key: str, signed_headers: Mapping[str, str], body: bytes) -> str:
        """The Authorization header of a POST to `/`.

        The names of `signed_headers` are lower-case and in alphabetical order, their values have no superfluous spaces.
        `x-amz-date` is among them.
        """
        moment = signed_headers["x-amz-date"]
        date = moment[:8]
        names = ";".join(signed_headers)
        lines = "".join(f"{name}:{value}\n" for name, value in signed_headers.items())
        request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{date}/{self.region}/{self.service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = _hmac(_key(secret_key, date, self.region, self.service), to_sign).hex()
        return f"{_ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


@lru_cache(maxsize=2)  # it is another one each day
def _key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
