"""The lines of worker.h for workers in Python: an object with call() and check() is driven through them."""
import gc
import sys
import time

import numpy

from tensors import write_tensors

COLD_FLOATS = 32 << 20  # more than a third-level cache holds


def peak_megabytes():
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def time_calls(work, calls, cold):
    """The milliseconds of each call after one that is not counted."""
    other = numpy.ones(COLD_FLOATS, numpy.float32) if cold else None
    times = []
    gc.disable()
    for _ in range(calls + 1):
        if cold:
            other.sum()
        start = time.perf_counter()
        work.call()
        times.append((time.perf_counter() - start) * 1e3)
    gc.enable()
    return " ".join(f"{time:.6f}" for time in times[1:])


def serve(work):
    for line in sys.stdin:
        verb, *words = line.split()
        answer = "done"
        if verb == "check":
            write_tensors(words[0], work.check())
        elif verb == "time":
            answer = time_calls(work, int(words[0]), words[1:] == ["cold"])
        elif verb == "memory":
            answer = f"{peak_megabytes():.1f}"
        print(answer, flush=True)
