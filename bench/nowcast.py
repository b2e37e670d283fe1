#!/usr/bin/env python3
"""Mean and spread over folds of what `longtake evaluate --json` measured of forecasts, by lead.

  bench/nowcast.py FILE...    a file a fold
"""
import json
import statistics
import sys

THRESHOLDS = (0.5, 2.0)
NEIGHBOURHOOD = 5  # cells


def csi(method, threshold):
    by_threshold = {events["threshold"]: events["leads"] for events in method["events"]}
    return [lead["csi"] for lead in by_threshold[threshold]]


def fss(method, threshold):
    for entry in method["fractions"]:
        if entry["threshold"] == threshold and entry["cells"] == NEIGHBOURHOOD:
            return entry["fss"]
    raise SystemExit(f"no FSS at {threshold} over {NEIGHBOURHOOD} cells")


def main(paths):
    folds = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            folds.append({method["name"]: method for method in json.load(file)["methods"]})
    for name, score in (("CSI", csi), (f"FSS, {NEIGHBOURHOOD} cells", fss)):
        for threshold in THRESHOLDS:
            print(f"{name}, {threshold} mm/h")
            for method in folds[0]:
                leads = list(zip(*(score(fold[method], threshold) for fold in folds)))
                spread = [f"{statistics.mean(lead):.3f} +- {statistics.stdev(lead):.3f}" for lead in leads]
                print(f"  {method:<14}" + "  ".join(spread))
            gains = zip(*([a - b for a, b in zip(score(fold["model"], threshold), score(fold["extrapolation"], threshold))]
                          for fold in folds))
            print("  ahead of it by " + "  ".join(f"{statistics.mean(g):+.3f} (least {min(g):+.3f})" for g in gains))


if __name__ == "__main__":
    main(sys.argv[1:])
