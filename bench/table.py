"""The tables of a run: printed row by row, written to bench/RESULTS.md, and what they say about the demands."""
import datetime
import json
import os
import platform
import statistics
import subprocess
from dataclasses import dataclass

import numpy

COLUMNS = ("work", "threads", "ours ms", "peer ms", "ratio", "required", "spread", "difference", "peer")
WIDTHS = (52, 7, 9, 9, 6, 11, 12, 16, 0)
MEMORY_COLUMNS = ("work", "threads", "ours MB", "peer MB", "ratio", "peer")
MEMORY_WIDTHS = (52, 7, 9, 9, 6, 0)
RATE_COLUMNS = ("work", "threads", "ours GF/s", "sgemm GF/s", "ratio")
RATE_WIDTHS = (52, 7, 9, 10, 6)


@dataclass
class Demand:
    """The ratio that a row must reach, and the one that it should."""
    required: float
    wanted: float = 0

    def __str__(self):
        return f"{self.required:g}, {self.wanted:g}" if self.wanted else f"{self.required:g}"


@dataclass
class Row:
    work: str
    threads: int
    ours: float  # milliseconds, as peer
    peer: float
    ratios: list  # of the rounds, peer / ours
    demand: Demand = None
    difference: str = "-"
    name: str = ""  # of the peer

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    def misses(self):
        return self.demand is not None and round(self.ratio, 2) < self.demand.required

    def cells(self):
        low, high = numpy.percentile(self.ratios, [10, 90])
        return (self.work, str(self.threads), f"{self.ours:.3f}", f"{self.peer:.3f}", f"{self.ratio:.2f}",
                str(self.demand or "-"), f"{low:.2f}-{high:.2f}", self.difference, self.name)


def aligned(cells, widths):
    """A line: the first cell to the left, numbers to the right, and what has no width as it is."""
    first, *others = (f"{cell:>{width}}" if width else cell for cell, width in zip(cells, widths))
    return " ".join([first.strip().ljust(widths[0]), *others])


class Table:
    """All that a run has found."""

    def __init__(self):
        self.rows, self.memory, self.rates = [], [], []
        print(aligned(COLUMNS, WIDTHS))

    def add(self, row):
        self.rows.append(row)
        print(aligned(row.cells(), WIDTHS) + ("  BELOW" if row.misses() else ""), flush=True)

    def add_memory(self, work, threads, ours, peer, name):
        self.memory.append((work, str(threads), f"{ours:.0f}", f"{peer:.0f}", f"{peer / ours:.1f}", name))

    def add_rate(self, work, threads, ours, sgemm):
        self.rates.append((work, str(threads), f"{ours:.0f}", f"{sgemm:.0f}", f"{ours / sgemm:.2f}"))

    def verdict(self):
        """Sentences about the rows that have a demand."""
        judged = [row for row in self.rows if row.demand]
        missing = [row for row in judged if row.misses()]
        if not judged:
            return []
        lines = [f"{len(judged) - len(missing)} of {len(judged)} rows with a required ratio reach it."]
        lines += [f"- {row.work}, {row.threads} thread{'s' if row.threads > 1 else ''}: {row.ratio:.2f} where "
                  f"{row.demand.required:g} is required, against {row.name}." for row in missing]
        short = [row for row in judged if not row.misses() and row.demand.wanted and row.ratio < row.demand.wanted]
        if short:
            lines.append(f"Of these, {len(short)} are below the ratio that is wanted: " + "; ".join(
                f"{row.work}, {row.threads}: {row.ratio:.2f} of {row.demand.wanted:g}" for row in short) + ".")
        return lines

    def print_end(self):
        for columns, rows, widths in ((RATE_COLUMNS, self.rates, RATE_WIDTHS),
                                      (MEMORY_COLUMNS, self.memory, MEMORY_WIDTHS)):
            if rows:
                print("\n" + "\n".join(aligned(row, widths) for row in (columns, *rows)))
        print("", *self.verdict(), sep="\n")

    def write(self, path, command):
        parts = ["# Results\n", "Written by the command below; what the columns mean is at the top of `bench/run`. "
                 "Ratios above 1: longtake is faster. Required is the least ratio that the row must reach, and the one "
                 "that is wanted where there is one.\n", "```\n" + command + "\n```\n",
                 "\n".join(f"- {line}" for line in versions()) + "\n",
                 markdown(COLUMNS, [row.cells() for row in self.rows]), "\n".join(self.verdict()) + "\n"]
        if self.rates:
            parts += ["Products and sums that a direct computation takes, in billions a second, beside a product of "
                      "matrices (PyTorch's, 2048 x 2048) in the same rounds:\n", markdown(RATE_COLUMNS, self.rates)]
        if self.memory:
            parts += ["Peak memory of the processes of some rows above, in megabytes (VmHWM):\n",
                      markdown(MEMORY_COLUMNS, self.memory)]
        path.write_text("\n".join(parts))


def markdown(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def versions():
    """What the numbers depend on, one line each."""
    cpu = {}
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, _, value = line.partition(":")
            cpu.setdefault(key.strip(), value.strip())
    vectors = next(name for name in ("avx512f", "avx2", "") if name in cpu.get("flags", ""))
    packages = ["python3-torch", "libtorch1.13", "libdnnl2", "libopenblas0-openmp", "libopenblas0-pthread",
                "python3-opencv", "libavcodec59", "nodejs"]
    query = subprocess.run(["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *packages],
                           capture_output=True, text=True)
    here = os.path.dirname(os.path.abspath(__file__))
    commit = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty"], capture_output=True, text=True)
    with open(os.path.join(here, "node", "package.json")) as file:
        engine = json.load(file)["dependencies"]
    return [f"{datetime.date.today()}, longtake {commit.stdout.strip()}",
            f"{cpu.get('model name', 'unknown CPU')} ({vectors}), {len(os.sched_getaffinity(0))} cores, "
            f"Linux {platform.release()}",
            ", ".join([line for line in query.stdout.splitlines() if " " in line] +
                      [f"{name} {version}" for name, version in engine.items()])]
