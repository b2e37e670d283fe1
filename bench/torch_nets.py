"""The nets of our model files in PyTorch, with the files' weights.

A net that learns has forward(frames [ticks x streams, ...], ticks), which gives the logits of all rows from the start
of a sequence, and gradients(), which gives those of the last backward pass by the names of our parameters.
"""
import json

import numpy
import torch
from torch import nn
from torch.nn import functional

from networks import network, size_of
from tensors import read_tensors


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


class Imported(nn.Module):
    """An encoder that our model has from an ONNX file of networks.py, optimised by TorchScript (always faster); of maps
    the mean over places."""

    def __init__(self, name):
        super().__init__()
        traced = torch.jit.trace(network(name), torch.zeros(1, 3, size_of(name), size_of(name)))
        self.net = torch.jit.optimize_for_inference(torch.jit.freeze(traced))

    def forward(self, frames, _):
        x = self.net(frames)
        return x.mean((2, 3)) if x.dim() == 4 else x


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


class Lrcn(nn.Module):
    """An LSTM, or LRCN with its encoder, classifier and aggregate of the scores."""

    def __init__(self, path, cell=False, encoder=None):
        """The LSTM is a cell or nn.LSTM; `encoder` names one of networks.py, others are seen in the file."""
        super().__init__()
        weights, metadata = read_tensors(path)
        hidden, into = weights["lstm1.hidden.weight"].shape[1], weights["lstm1.input.weight"].shape[1]
        self.cell = nn.LSTMCell(into, hidden) if cell else None
        self.lstm = None if cell else nn.LSTM(into, hidden)
        load_lstm(self.cell or self.lstm, weights, "lstm1", "" if self.cell else "_l0")
        self.encoder = self.classifier = None
        if encoder:
            self.encoder = Imported(encoder)
        elif "classifier.weight" in weights:
            self.encoder = (CaffenetHybrid if "encoder.fc6.weight" in weights else SmallCnn)(weights)
            self.encoder.load(weights)
        if "classifier.weight" in weights:
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

    def gradients(self):
        modules = {}
        if self.encoder:
            convolutions = self.encoder.blocks if hasattr(self.encoder, "blocks") else self.encoder.convolutions
            modules = {f"encoder.conv{number}": module for number, module in enumerate(convolutions, 1)}
            last = "features" if hasattr(self.encoder, "features") else "fc6"
            modules["encoder." + last] = getattr(self.encoder, last)
            modules["classifier"] = self.classifier
        seen = {}
        for name, module in modules.items():
            seen[name + ".weight"], seen[name + ".bias"] = module.weight.grad, module.bias.grad
        seen["lstm1.input.weight"], seen["lstm1.input.bias"] = self.lstm.weight_ih_l0.grad, self.lstm.bias_ih_l0.grad
        seen["lstm1.hidden.weight"] = self.lstm.weight_hh_l0.grad
        return seen


class Gru(nn.Module):
    """nn.GRU, whose gates are r, z, n where ours are z, r, n."""

    def __init__(self, path):
        super().__init__()
        weights, _ = read_tensors(path)
        self.size = len(weights["gru1.candidate.weight"])
        self.gru = nn.GRU(weights["gru1.input.weight"].shape[1], self.size)
        recurrent = numpy.concatenate([weights["gru1.hidden.weight"], weights["gru1.candidate.weight"]])
        candidate_bias = numpy.concatenate([numpy.zeros(2 * self.size, numpy.float32), weights["gru1.candidate.bias"]])
        for key, value in {"weight_ih": weights["gru1.input.weight"], "weight_hh": recurrent,
                           "bias_ih": weights["gru1.input.bias"], "bias_hh": candidate_bias}.items():
            getattr(self.gru, key + "_l0").data.copy_(self.swap(torch.from_numpy(value)))

    def swap(self, gates):
        first, second, third = gates.split(self.size)
        return torch.cat([second, first, third])

    def forward(self, frames, ticks):
        return self.gru(frames.unflatten(0, (ticks, -1)))[0].flatten(0, 1)

    def gradients(self):
        into, recurrent = self.swap(self.gru.weight_ih_l0.grad), self.swap(self.gru.weight_hh_l0.grad)
        return {"gru1.input.weight": into, "gru1.input.bias": self.swap(self.gru.bias_ih_l0.grad),
                "gru1.hidden.weight": recurrent[:2 * self.size], "gru1.candidate.weight": recurrent[2 * self.size:],
                "gru1.candidate.bias": self.gru.bias_hh_l0.grad[2 * self.size:]}


class ConvLstm(nn.Module):
    """A ConvLSTM and the mean over places of its maps; the frames' convolution is done for all ticks at once, or each
    tick has one convolution of frame and state side by side."""

    def __init__(self, path, side_by_side):
        super().__init__()
        weights = {name: torch.from_numpy(value) for name, value in read_tensors(path)[0].items()}
        self.side_by_side, self.maps = side_by_side, weights["cell.input.weight"].shape[1]
        self.weight = nn.Parameter(torch.cat([weights["cell.input.weight"], weights["cell.hidden.weight"]], 1)) \
            if side_by_side else None
        self.input_weight = None if side_by_side else nn.Parameter(weights["cell.input.weight"])
        self.hidden_weight = None if side_by_side else nn.Parameter(weights["cell.hidden.weight"])
        self.bias = nn.Parameter(weights["cell.input.bias"])
        self.padding = weights["cell.input.weight"].shape[2] // 2

    def convolve(self, x, weight, bias=None):
        return functional.conv2d(x, weight, bias, padding=self.padding)

    def forward(self, frames, ticks):
        streams = len(frames) // ticks
        given = frames if self.side_by_side else self.convolve(frames, self.input_weight, self.bias)
        hidden = cell = torch.zeros_like(frames[:streams])
        means = []
        for x in given.split(streams):  # and not x[t], whose gradient is as large as all ticks
            if self.side_by_side:
                sums = self.convolve(torch.cat([x, hidden], 1), self.weight, self.bias)
            else:
                sums = x + self.convolve(hidden, self.hidden_weight)
            i, f, g, o = sums.chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            means.append(hidden.mean((2, 3)))
        return torch.cat(means)

    def gradients(self):
        into, recurrent = self.weight.grad.split(self.maps, 1) if self.side_by_side else \
            (self.input_weight.grad, self.hidden_weight.grad)
        return {"cell.input.weight": into, "cell.hidden.weight": recurrent, "cell.input.bias": self.bias.grad}
