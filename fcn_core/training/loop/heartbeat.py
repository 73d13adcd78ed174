"""Signs of life of a training process, and its ear for wishes that come through the run folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fcn_core.training.run_folder.runs import RunFolder

EVERY_SECONDS = 5.0


@contextmanager
def heartbeat(
    folder: RunFolder, stop: threading.Event | None = None, *, every: float = EVERY_SECONDS
) -> Iterator[None]:
    """Touch status.json every few seconds while the block runs, so that a reader on another host sees life.

    stop: set once somebody left a wish to stop in the folder (`RunFolder.ask_to_stop`), within `every` seconds.
    """
    ended = threading.Event()

    def beat() -> None:
        while True:
            if stop is not None and folder.stop_asked():
                stop.set()
            try:
                os.utime(folder.status_file)
            except OSError:  # not written yet, or the folder is gone: the run will notice by itself
                pass
            if ended.wait(every):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
