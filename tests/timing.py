"""How long something takes, in tests of what must not grow with the square of its input."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable

__all__ = ["processor_seconds", "quickest"]


def processor_seconds(do: Callable[[], object]) -> float:
    """Processor time of one call, without the garbage that other tests have left."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        began = time.process_time()
        do()
        return time.process_time() - began
    finally:
        if was_on:
            gc.enable()


def quickest(calls: Iterable[Callable[[], object]]) -> float:
    """Processor seconds of the quickest of the calls: what else the machine does is not theirs."""
    return min(processor_seconds(do) for do in calls)
