#!/usr/bin/python3
"""OpenCV's side of bench/run, answering the lines that worker.h describes.

  opencv_peer.py net FILE.onnx INPUTS THREADS          its DNN module on the frames of INPUTS
  opencv_peer.py frames grab|seek MODEL LIST THREADS   the frames that the model wants of one video file of LIST
"""
import json
import sys

import cv2
import numpy

from tensors import read_tensors
from video import read_frames
from worker import serve

BLOCK = 16  # as streaming_bench has it


class Net:
    def __init__(self, path, inputs, threads):
        cv2.setNumThreads(int(threads))
        self.net = cv2.dnn.readNetFromONNX(path)
        calls = read_tensors(inputs)[0]["frame"]
        self.calls = list(calls.reshape(len(calls), -1, *calls.shape[3:]))
        self.next = 0

    def call(self):
        return self.run(self.calls[self.next % len(self.calls)])

    def run(self, frames):
        self.net.setInput(frames)
        self.next += 1
        return self.net.forward()

    def check(self):
        return {"logits": numpy.stack([self.run(frames).ravel() for frames in self.calls])}


class Frames:
    def __init__(self, way, model, list_path, threads):
        cv2.setNumThreads(int(threads))
        self.spec = json.loads(read_tensors(model)[1]["longtake"])["inputs"]["frame"]
        self.seeks = way == "seek"
        with open(list_path) as file:
            self.files = file.read().split("\n")[:-1]
        self.next = 0

    def call(self):
        read_frames(self.files[self.next % len(self.files)], self.spec, self.seeks)
        self.next += 1

    def check(self):
        frames = numpy.concatenate([read_frames(file, self.spec, self.seeks) for file in self.files])
        count, height, width, channels = frames.shape
        blocks = frames[:, :height // BLOCK * BLOCK, :width // BLOCK * BLOCK].reshape(
            count, height // BLOCK, BLOCK, width // BLOCK, BLOCK, channels)
        return {"means": blocks.mean((2, 4, 5), dtype=numpy.float32)}


if __name__ == "__main__":
    serve({"net": Net, "frames": Frames}[sys.argv[1]](*sys.argv[2:]))
