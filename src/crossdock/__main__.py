"""`crossdock`, and `python -m crossdock`: quiet from its first moment, also when it is interrupted while the rest is still loaded."""

from __future__ import annotations

import os
import signal

from crossdock.stopping import EXIT_INTERRUPTED

# Loading takes a second, and nothing is open yet that would have to be closed.
signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))

from crossdock.cli import main  # noqa: E402 - after the line above, which is its whole point

if __name__ == "__main__":
    main()
