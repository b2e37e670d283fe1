"""Workers that take turns, and what their times say about each other."""
import os
import statistics
import subprocess
import time

import numpy

from tensors import read_tensors

PAUSE_SECONDS = 0.02  # threads that wait for their next loop spin for a moment before they sleep
LEAST_ROUNDS = 5  # however long they take
BEHIND = 1.5  # a peer that takes so many times as long as another at its first calls does not go on


class Worker:
    """A program that answers the lines of bench/worker.h. `threads` is of OpenMP and of OpenBLAS, a pair where they
    differ; with `one_core`, threads that nobody asked for do not help either."""

    def __init__(self, name, command, threads, one_core=False):
        self.name = name
        omp, blas = threads if isinstance(threads, tuple) else (threads, threads)
        environment = dict(os.environ, OMP_NUM_THREADS=str(omp), OPENBLAS_NUM_THREADS=str(blas))
        self.command = [str(word) for word in command]
        if one_core:
            self.command = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *self.command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)
        self.times = []  # the median of each block

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"bench/run: a worker ended at '{line}': {' '.join(self.command)}")
        return answer.strip()

    def time(self, calls, mode):
        return [float(word) for word in self.ask(f"time {calls} {mode}").split()]

    def check(self, path):
        self.ask(f"check {path}")
        return read_tensors(path)[0]

    def calibrate(self, mode, block_seconds):
        """Chooses how many calls fill a block, and notes the quickest of the first."""
        begin = time.perf_counter()
        self.first = min(self.time(2, mode))
        seconds_a_call = (time.perf_counter() - begin) / 3
        self.calls = max(1, min(2000, round(block_seconds / seconds_a_call)))
        self.times = []

    def block(self, mode):
        time.sleep(PAUSE_SECONDS)
        self.times.append(statistics.median(self.time(self.calls, mode)))

    def median(self):
        return statistics.median(self.times)

    def memory(self):
        return float(self.ask("memory"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def largest_difference(ours, theirs):
    """The |difference| that is largest against its tensor's largest number, and that number."""
    missing = set(ours) ^ set(theirs)
    if missing:
        raise SystemExit(f"bench/run: only one side has {', '.join(sorted(missing))}")
    pairs = []
    for name, mine in ours.items():
        difference = numpy.abs(mine.ravel() - theirs[name].ravel()).max()
        pairs.append((float(difference), float(numpy.abs(mine).max())))
    return max(pairs, key=lambda pair: pair[0] / pair[1])


def near_the_best(peers, mode, block_seconds):
    """Calibrates all, and returns those that may turn out to be the best."""
    for peer in peers:
        peer.calibrate(mode, block_seconds)
    best = min(peer.first for peer in peers)
    return [peer for peer in peers if peer.first <= BEHIND * best]


def take_turns(workers, mode, limits):
    """Fills `times` of calibrated workers, block by block in turn, until rounds or seconds of a row are over."""
    begin = time.perf_counter()
    for round_number in range(limits.rounds):
        if round_number >= LEAST_ROUNDS and time.perf_counter() - begin > limits.seconds:
            break
        for worker in workers:
            worker.block(mode)


def compare(ours, peers):
    """The best peer and, of the rounds, each one's time to ours."""
    best = min(peers, key=Worker.median)
    return best, [theirs / mine for theirs, mine in zip(best.times, ours.times)]
