"""Workers that take turns, and what their times say about each other."""
import os
import statistics
import subprocess
import time

import numpy

from tensors import read_tensors

PAUSE_SECONDS = 0.02  # threads that wait for their next loop spin for a moment before they sleep


class Worker:
    """A program that answers the lines of bench/worker.h."""

    def __init__(self, name, command, threads):
        self.name = name
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
        self.command = [str(word) for word in command]
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

    def check(self, path):
        self.ask(f"check {path}")
        return read_tensors(path)[0]

    def calibrate(self, mode, block_seconds):
        """Chooses how many calls fill a block."""
        start = time.perf_counter()
        self.ask(f"time 2 {mode}")
        self.calls = max(2, min(2000, round(3 * block_seconds / (time.perf_counter() - start))))

    def block(self, mode):
        time.sleep(PAUSE_SECONDS)
        self.times.append(statistics.median(float(word) for word in self.ask(f"time {self.calls} {mode}").split()))

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
    pairs = [(float(numpy.abs(ours[name] - theirs[name]).max()), float(numpy.abs(ours[name]).max())) for name in ours]
    return max(pairs, key=lambda pair: pair[0] / pair[1])


def take_turns(ours, peers, mode, rounds, block_seconds):
    """Fills `times` of all workers, block by block in turn."""
    for worker in [ours, *peers]:
        worker.times = []
        worker.calibrate(mode, block_seconds)
    for _ in range(rounds):
        for worker in [ours, *peers]:
            worker.block(mode)


def compare(ours, peers):
    """The best peer, the median over the rounds of its time to ours, and between what most rounds (10 to 90 %) lie."""
    best = min(peers, key=lambda peer: statistics.median(peer.times))
    ratios = [theirs / mine for theirs, mine in zip(best.times, ours.times)]
    return best, statistics.median(ratios), numpy.percentile(ratios, [10, 90])
