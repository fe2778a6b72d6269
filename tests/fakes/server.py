"""What the servers of the tests have in common."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class LoopbackServer(ThreadingHTTPServer):
    """A server with a thread for each connection, which are not joined at the end.

    Many may connect at once: where five are waiting to be let in, which is Python's own limit, others are cut off.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
