#!/usr/bin/python3
"""PyTorch's side of bench/run: the same work on the same weights, answering the lines that worker.h describes.

  torch_peer.py step VARIANT MODEL INPUTS         a step of one stream; VARIANT is lstm (nn.LSTM), cell (nn.LSTMCell) or
                                                  frozen (nn.LSTMCell, and the encoder optimised by TorchScript)
  torch_peer.py clips ENCODER WAY MODEL LIST      one video file of LIST to its scores, decoded by OpenCV; ENCODER is
                                                  one of networks.py or "own", WAY is grab or seek (video.py)
  torch_peer.py train VARIANT MODEL BATCH TICKS   a training step on the batch; VARIANT is plain or channels_last, of a
                                                  ConvLSTM also side_by_side
  torch_peer.py sgemm SIZE                        a product of square matrices

OMP_NUM_THREADS says how many threads PyTorch has.
"""
import os
import sys

import cv2
import numpy
import torch
from torch import nn
from torch.nn import functional

from tensors import read_tensors
from torch_nets import ConvLstm, Gru, Lrcn
from video import prepare, read_frames
from worker import serve


class Step:
    """A step of one stream."""

    def __init__(self, variant, model, inputs):
        self.net = Lrcn(model, variant != "lstm").eval()
        self.frames = torch.from_numpy(read_tensors(inputs)[0]["frame"]).flatten(1, 2).unbind()  # one tick each
        self.state, self.next = {}, 0
        if variant == "frozen":
            encoder = torch.jit.trace(self.net.encoder, (self.frames[0], self.frames[0]))
            self.net.encoder = torch.jit.optimize_for_inference(torch.jit.freeze(encoder))

    @torch.inference_mode()
    def call(self):
        _, self.state = self.net.step(self.frames[self.next], self.state)
        self.next = (self.next + 1) % len(self.frames)

    @torch.inference_mode()
    def check(self):
        state, rows = {}, []
        for frame in self.frames:
            outputs, state = self.net.step(frame, state)
            rows.append(outputs)
        return {name: torch.cat([row[name] for row in rows]).numpy() for name in rows[0]}


class Clips:
    """A file to its scores: OpenCV decodes and resizes, the whole clip is one batch for the encoder."""

    def __init__(self, encoder, way, model, list_path):
        cv2.setNumThreads(torch.get_num_threads())
        self.net = Lrcn(model, encoder=None if encoder == "own" else encoder).eval()
        self.seeks = way == "seek"
        with open(list_path) as file:
            self.files = file.read().split("\n")[:-1]
        self.next = 0

    @torch.inference_mode()
    def predict(self, path):
        spec = self.net.spec
        frames = torch.from_numpy(prepare(read_frames(path, spec, self.seeks), spec))
        scores = functional.softmax(self.net(frames, len(frames)), 1)
        gains = torch.arange(len(frames), dtype=torch.float32) if self.net.rising else torch.ones(len(frames))
        return (gains @ scores / gains.sum()).numpy()

    def call(self):
        self.predict(self.files[self.next % len(self.files)])
        self.next += 1

    def check(self):
        return {"video": numpy.stack([self.predict(file) for file in self.files])}


def learner(model, side_by_side):
    names = read_tensors(model)[0]
    if "cell.input.weight" in names:
        return ConvLstm(model, side_by_side)
    if "gru1.input.weight" in names:
        return Gru(model)
    net = Lrcn(model)
    net.lstm.bias_hh_l0.requires_grad_(False)
    return net


class Train:
    """A training step as training_bench.cc has it."""

    def __init__(self, variant, model, batch, ticks):
        self.net = learner(model, variant == "side_by_side")
        tensors = read_tensors(batch)[0]
        self.frames, self.labels = torch.from_numpy(tensors["frame"]), torch.from_numpy(tensors["labels"])
        if variant == "channels_last":
            self.frames = self.frames.contiguous(memory_format=torch.channels_last)
            for parameter in self.net.parameters():
                if parameter.dim() == 4:
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.ticks = int(ticks)
        self.parameters = [parameter for parameter in self.net.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=2e-3, weight_decay=1e-3)

    def differentiate(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(self.net(self.frames, self.ticks), self.labels)
        loss.backward()
        return loss.item()

    def call(self):
        self.net.train()
        self.differentiate()
        nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self.optimizer.step()

    def check(self):
        self.net.eval()
        loss = numpy.array([self.differentiate()], numpy.float32)
        return {"loss": loss, **{name: value.numpy() for name, value in self.net.gradients().items()}}


class Sgemm:
    def __init__(self, size):
        self.factors = torch.rand(2, int(size), int(size)) - 0.5

    def call(self):
        torch.mm(*self.factors)

    def check(self):
        return {"product": torch.mm(*self.factors).numpy()}


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    serve({"step": Step, "clips": Clips, "train": Train, "sgemm": Sgemm}[sys.argv[1]](*sys.argv[2:]))
