#!/usr/bin/python3
"""PyTorch's side of bench/run: the same work on the same weights, answering the lines that worker.h describes.

  peer.py step VARIANT MODEL INPUTS         a step of one stream; VARIANT is lstm (nn.LSTM), cell (nn.LSTMCell) or
                                            frozen (nn.LSTMCell, and the encoder optimised by TorchScript)
  peer.py clips MODEL LIST                  one video file of LIST to its scores, decoded by OpenCV
  peer.py train LAYOUT MODEL BATCH TICKS    a training step on the batch; LAYOUT is plain or channels_last

OMP_NUM_THREADS says how many threads PyTorch has.
"""
import gc
import json
import os
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

from tensors import read_tensors, write_tensors


class SmallCnn(nn.Module):
    """small_cnn as recipes/motions.toml has it: the frame and its difference to the one before."""

    def __init__(self, weights):
        super().__init__()
        self.blocks = nn.ModuleList()
        while f"encoder.conv{len(self.blocks) + 1}.weight" in weights:
            out, into, kernel, _ = weights[f"encoder.conv{len(self.blocks) + 1}.weight"].shape
            self.blocks.append(nn.Conv2d(into, out, kernel, padding=kernel // 2))
        self.features = nn.Linear(*reversed(weights["encoder.features.weight"].shape))

    def load(self, weights):
        for number, block in enumerate(self.blocks, 1):
            load(block, weights, f"encoder.conv{number}")
        load(self.features, weights, "encoder.features")

    def forward(self, frames, previous):
        x = torch.cat([frames, frames - previous], 1)
        for block in self.blocks[:-1]:
            x = functional.max_pool2d(functional.relu(block(x)), 2)
        x = functional.relu(self.blocks[-1](x)).amax((2, 3))
        return functional.relu(self.features(x))


class CaffenetHybrid(nn.Module):
    """LRCN's frame net at the paper's size (1411.4389)."""

    def __init__(self, _):
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.convolutions = nn.ModuleList([
            nn.Conv2d(3, 96, 7, 2), nn.Conv2d(96, 384, 5, 2, groups=2), nn.Conv2d(384, 512, 3, padding=1),
            nn.Conv2d(512, 512, 3, padding=1, groups=2), nn.Conv2d(512, 384, 3, padding=1, groups=2)])
        norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)
        after = [[pool, norm], [pool, norm], [], [], [pool]]
        layers = [[convolution, nn.ReLU(), *more] for convolution, more in zip(self.convolutions, after)]
        self.layers = nn.Sequential(*sum(layers, []))
        self.fc6 = nn.Linear(384 * 6 * 6, 4096)

    def load(self, weights):
        for number, convolution in enumerate(self.convolutions, 1):
            load(convolution, weights, f"encoder.conv{number}")
        load(self.fc6, weights, "encoder.fc6")

    def forward(self, frames, _):
        return functional.relu(self.fc6(self.layers(frames).flatten(1)))


def load(module, weights, name):
    """Copies the weights of a convolution or linear layer."""
    module.weight.data.copy_(torch.from_numpy(weights[name + ".weight"]))
    module.bias.data.copy_(torch.from_numpy(weights[name + ".bias"]))


def load_lstm(module, weights, name, suffix=""):
    """Copies an LSTM's; the gates have the same order, and the second bias is not needed."""
    for key, value in {"weight_ih": weights[name + ".input.weight"], "weight_hh": weights[name + ".hidden.weight"],
                       "bias_ih": weights[name + ".input.bias"]}.items():
        getattr(module, key + suffix).data.copy_(torch.from_numpy(value))
    getattr(module, "bias_hh" + suffix).data.zero_()


class Net(nn.Module):
    """A model file: an LSTM, or LRCN with its encoder, classifier and aggregate of the scores."""

    def __init__(self, path, variant):
        super().__init__()
        weights, metadata = read_tensors(path)
        hidden, into = weights["lstm1.hidden.weight"].shape[1], weights["lstm1.input.weight"].shape[1]
        self.cell = nn.LSTMCell(into, hidden) if variant != "lstm" else None
        self.lstm = nn.LSTM(into, hidden) if variant == "lstm" else None
        load_lstm(self.cell or self.lstm, weights, "lstm1", "" if self.cell else "_l0")
        self.encoder = self.classifier = None
        if "classifier.weight" in weights:
            self.encoder = (CaffenetHybrid if "encoder.fc6.weight" in weights else SmallCnn)(weights)
            self.encoder.load(weights)
            self.classifier = nn.Linear(hidden, len(weights["classifier.bias"]))
            load(self.classifier, weights, "classifier")
        model = json.loads(metadata["longtake"])
        self.spec = model["inputs"].get("frame")
        self.rising = any(node["op"] == "ramp" for node in model["graphs"][0]["nodes"])
        drops = [node["attributes"]["probability"] for node in model["graphs"][0]["nodes"] if node["op"] == "dropout"]
        self.drop_features, self.drop_lstm = drops or (0, 0)

    def step(self, frame, state):
        """One frame [1, ...] and the state before, to the outputs and the state after. An empty state begins."""
        x = frame
        if self.encoder:
            x = self.encoder(frame, state.get("frame", frame))
        before = state.get("lstm")
        if self.cell:
            lstm = self.cell(x, before)
            x = lstm[0]
        else:
            x, lstm = self.lstm(x.unsqueeze(0), before)
            x = x[0]
        after = {"frame": frame, "lstm": lstm}
        if not self.classifier:
            return {"logits": x}, after
        logits = self.classifier(x)
        scores = functional.softmax(logits, 1)
        count = state.get("count", 0)
        gain = count if self.rising else 1
        after["count"] = count + 1
        after["sum"] = state["sum"] + gain * scores if count else gain * scores
        after["gains"] = state.get("gains", 0) + gain
        video = after["sum"] / after["gains"] if after["gains"] else scores
        return {"logits": logits, "scores": scores, "video": video}, after

    def forward(self, frames, ticks):
        """Frames [ticks x streams, ...] to logits [ticks x streams, classes]."""
        x = frames
        if self.encoder:
            streams = len(frames) // ticks
            x = self.encoder(frames, torch.cat([frames[:streams], frames[:-streams]]))
            x = functional.dropout(x, self.drop_features, self.training)
        x, _ = self.lstm(x.unflatten(0, (ticks, -1)))
        x = x.flatten(0, 1)
        return self.classifier(functional.dropout(x, self.drop_lstm, self.training)) if self.classifier else x


class Step:
    """A step of one stream."""

    def __init__(self, variant, model, inputs):
        self.net = Net(model, variant).eval()
        self.frames = torch.from_numpy(read_tensors(inputs)[0]["frame"]).unsqueeze(1).unbind()
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

    def __init__(self, model, list_path):
        import cv2
        self.cv2 = cv2
        cv2.setNumThreads(torch.get_num_threads())
        self.net = Net(model, "lstm").eval()
        with open(list_path) as file:
            self.files = file.read().split("\n")[:-1]
        self.next = 0

    def read(self, path):
        """The frames as the model's input spec wants them: resized, cropped in the centre, gray, standardised."""
        spec, frames = self.net.spec, []
        top, left = (spec["height"] - spec["crop_height"]) // 2, (spec["width"] - spec["crop_width"]) // 2
        video = self.cv2.VideoCapture(path)
        while True:
            there, frame = video.read()
            if not there:
                break
            gray = self.cv2.cvtColor(frame, self.cv2.COLOR_BGR2GRAY)
            small = self.cv2.resize(gray, (spec["width"], spec["height"]), interpolation=self.cv2.INTER_AREA)
            frames.append(small[top:top + spec["crop_height"], left:left + spec["crop_width"]])
        pixels = numpy.stack(frames)[:, None].astype(numpy.float32)
        pixels -= pixels.mean((1, 2, 3), keepdims=True)
        return torch.from_numpy(pixels / pixels.std((1, 2, 3), keepdims=True))

    @torch.inference_mode()
    def predict(self, path):
        frames = self.read(path)
        scores = functional.softmax(self.net(frames, len(frames)), 1)
        gains = torch.arange(len(frames), dtype=torch.float32) if self.net.rising else torch.ones(len(frames))
        return (gains @ scores / gains.sum()).numpy()

    def call(self):
        self.predict(self.files[self.next % len(self.files)])
        self.next += 1

    def check(self):
        return {"video": numpy.stack([self.predict(file) for file in self.files])}


class Train:
    """A training step as training_bench.cc has it."""

    def __init__(self, layout, model, batch, ticks):
        self.net = Net(model, "lstm")
        self.net.lstm.bias_hh_l0.requires_grad_(False)
        tensors = read_tensors(batch)[0]
        self.frames, self.labels = torch.from_numpy(tensors["frame"]), torch.from_numpy(tensors["labels"])
        if layout == "channels_last":
            self.frames = self.frames.contiguous(memory_format=torch.channels_last)
            self.net.encoder.to(memory_format=torch.channels_last)
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
        seen = {"loss": numpy.array([self.differentiate()], numpy.float32)}
        net = self.net
        modules = {}
        if net.encoder:
            convolutions = net.encoder.blocks if hasattr(net.encoder, "blocks") else net.encoder.convolutions
            modules = {f"encoder.conv{number}": module for number, module in enumerate(convolutions, 1)}
            last = "features" if hasattr(net.encoder, "features") else "fc6"
            modules["encoder." + last] = getattr(net.encoder, last)
            modules["classifier"] = net.classifier
        for name, module in modules.items():
            seen[name + ".weight"], seen[name + ".bias"] = module.weight.grad.numpy(), module.bias.grad.numpy()
        seen["lstm1.input.weight"] = net.lstm.weight_ih_l0.grad.numpy()
        seen["lstm1.input.bias"] = net.lstm.bias_ih_l0.grad.numpy()
        seen["lstm1.hidden.weight"] = net.lstm.weight_hh_l0.grad.numpy()
        return seen


def peak_megabytes():
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def time_calls(work, calls, cold):
    """The milliseconds of each call after one that is not counted."""
    other = numpy.ones(32 << 20, numpy.float32) if cold else None
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


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    serve({"step": Step, "clips": Clips, "train": Train}[sys.argv[1]](*sys.argv[2:]))
