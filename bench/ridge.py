#!/usr/bin/env python3
"""The linear baseline for lips: ridge regression on ten standardised frames of 24x17 pixels.

Ten frames, evenly over the clip; each frame gets mean 0 and deviation 1; one-hot targets; lambda 1000. Splits are by
speaker, the first part of the file name. Needs ffmpeg and numpy.

  bench/ridge.py FOLDER --train F01 F02 F04 M01 M02 --test F05 F06
"""
import argparse
import pathlib
import subprocess

import numpy

WIDTH, HEIGHT, FRAMES, LAMBDA = 24, 17, 10, 1000.0


def features(path):
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"scale={WIDTH}:{HEIGHT}:flags=bilinear,format=gray",
               "-f", "rawvideo", "-"]
    pixels = numpy.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, numpy.uint8)
    frames = pixels.reshape(-1, HEIGHT * WIDTH).astype(float)
    chosen = frames[numpy.round(numpy.linspace(0, len(frames) - 1, FRAMES)).astype(int)]
    chosen -= chosen.mean(axis=1, keepdims=True)
    return (chosen / (chosen.std(axis=1, keepdims=True) + 1e-6)).ravel()


def load(folder, speakers, labels):
    paths = [path for label in labels for path in sorted((folder / label).glob("*.mp4"))
             if path.name.split("_")[0] in speakers]
    truth = numpy.array([labels.index(path.parent.name) for path in paths])
    return numpy.stack([features(path) for path in paths]), truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--test", nargs="+", required=True)
    given = parser.parse_args()
    labels = sorted(path.name for path in given.folder.iterdir() if path.is_dir())
    x, truth = load(given.folder, given.train, labels)
    y, wanted = load(given.folder, given.test, labels)
    mean = x.mean(axis=0)
    targets = numpy.eye(len(labels))[truth] - 1 / len(labels)
    centred = x - mean
    weights = centred.T @ numpy.linalg.solve(centred @ centred.T + LAMBDA * numpy.eye(len(x)), targets)
    predicted = ((y - mean) @ weights).argmax(axis=1)
    print(f"{100 * (predicted == wanted).mean():.1f}")


if __name__ == "__main__":
    main()
