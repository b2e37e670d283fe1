"""Cells of our model files as ONNX files for ONNX Runtime, each in the form that serves it best.

Like the files of `longtake export` they take "frame" and "state.*" and give "state.*.next"; unlike these they have
neither flags nor masks, which cost it 5 to 15 % of a step: an LSTM and a GRU are ONNX Runtime's own fused ops, and a
ConvLSTM is one convolution of frame and state side by side. What a cell answers is its newest "state.h*.next", to a
sequence "logits".
"""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from tensors import read_tensors

FLOATS = TensorProto.FLOAT


class File:
    """An ONNX graph in the making."""

    def __init__(self):
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape):
        self.inputs.append(helper.make_tensor_value_info(name, FLOATS, shape))
        return name

    def output(self, name, shape):
        self.outputs.append(helper.make_tensor_value_info(name, FLOATS, shape))

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def add(self, op, inputs, outputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))
        return outputs[0]

    def write(self, path):
        graph = helper.make_graph(self.nodes, "main", self.inputs, self.outputs, self.constants)
        versions = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
        onnx.save(helper.make_model(graph, opset_imports=versions, ir_version=7), str(path))


def write_nothing(path):
    """As many tensors in and out as a cell, and no work: what a call takes by itself."""
    file = File()
    for name in ("frame", "state.h", "state.c"):
        file.add("Identity", [file.input(name, [1])], [name + ".next"])
        file.output(name + ".next", [1])
    file.write(path)


def reorder(weights, order):
    """Blocks of the first dimension in another order."""
    return numpy.concatenate([numpy.split(weights, len(order))[i] for i in order])


def write_lstm(model, path, ticks, streams, int8=False):
    weights, _ = read_tensors(model)
    file = File()
    layer, x = 1, file.input("frame", [ticks, streams, weights["lstm1.input.weight"].shape[1]])
    while f"lstm{layer}.input.weight" in weights:  # ONNX has the gates as i, o, f, g, ours are i, f, g, o
        into, recurrent, bias = (reorder(weights[f"lstm{layer}.{name}"], (0, 3, 1, 2))
                                 for name in ("input.weight", "hidden.weight", "input.bias"))
        x = add_recurrent(file, layer, x, (ticks, streams), into, recurrent,
                          numpy.concatenate([bias, numpy.zeros_like(bias)]), int8)
        layer += 1
    end_recurrent(file, x, (ticks, streams), recurrent.shape[1])
    file.write(path)


def write_gru(model, path, ticks, streams):
    weights, _ = read_tensors(model)
    file = File()
    into, bias, candidate = weights["gru1.input.weight"], weights["gru1.input.bias"], weights["gru1.candidate.weight"]
    x = file.input("frame", [ticks, streams, into.shape[1]])
    recurrent = numpy.concatenate([weights["gru1.hidden.weight"], candidate])
    zeros = numpy.zeros(2 * len(candidate), numpy.float32)
    x = add_recurrent(file, 1, x, (ticks, streams), into, recurrent,
                      numpy.concatenate([bias, zeros, weights["gru1.candidate.bias"]]))
    end_recurrent(file, x, (ticks, streams), len(candidate))
    file.write(path)


def add_recurrent(file, layer, x, size, into, recurrent, bias, int8=False):
    """An LSTM, or a GRU, by the number of its gates; returns its sequence [ticks, 1, streams, hidden] without the 1."""
    hidden, name = recurrent.shape[1], f"layer{layer}"
    lstm = len(recurrent) == 4 * hidden
    states = [f"state.{part}{layer}" for part in ("h", "c")[:1 + lstm]]
    for state in states:
        file.input(state, [1, size[1], hidden])
        file.output(state + ".next", [1, size[1], hidden])
    matrices = add_matrices(file, name, into, recurrent, int8)
    inputs = [x, *matrices, file.constant(name + ".bias", bias[None]), "", *states]
    outputs = [name + ".y", *(state + ".next" for state in states)]
    if int8:
        scales = [name + ".input.scale", name + ".input.zero", name + ".hidden.scale", name + ".hidden.zero"]
        file.add("DynamicQuantizeLSTM", [*inputs, "", *scales], outputs, hidden_size=hidden, domain="com.microsoft")
    elif lstm:
        file.add("LSTM", inputs, outputs, hidden_size=hidden)
    else:
        file.add("GRU", inputs, outputs, hidden_size=hidden, linear_before_reset=1)
    if "axes" not in (tensor.name for tensor in file.constants):
        file.constant("axes", numpy.array([1]))
    return file.add("Squeeze", [outputs[0], "axes"], [name + ".sequence"])


def add_matrices(file, name, into, recurrent, int8):
    """The two weights; as int8 they are turned, and have a scale for each output."""
    for part, matrix in (("input", into), ("hidden", recurrent)):
        if int8:
            scale = numpy.abs(matrix).max(1) / numpy.float32(127)
            file.constant(f"{name}.{part}.scale", scale[None])
            file.constant(f"{name}.{part}.zero", numpy.zeros((1, len(scale)), numpy.int8))
            matrix = numpy.rint(matrix / scale[:, None]).astype(numpy.int8).T
        yield file.constant(f"{name}.{part}", matrix[None])


def end_recurrent(file, x, size, hidden):
    """The newest state of the last layer is the answer to one tick; more ticks have a sequence of answers."""
    if size[0] > 1:
        file.nodes[-1].output[0] = "logits"
        file.output("logits", [*size, hidden])
    else:
        file.nodes.pop()


def write_conv_lstm(model, path, streams, grid):
    weights, _ = read_tensors(model)
    into, recurrent = weights["cell.input.weight"], weights["cell.hidden.weight"]
    maps, kernel = into.shape[1:3]
    shape = [streams, maps, grid, grid]
    file = File()
    for name in ("frame", "state.h", "state.c"):
        file.input(name, shape)
    for name in ("state.h.next", "state.c.next"):
        file.output(name, shape)
    file.add("Concat", ["frame", "state.h"], ["both"], axis=1)
    file.constant("weight", numpy.concatenate([into, recurrent], 1))
    file.constant("bias", weights["cell.input.bias"])
    file.add("Conv", ["both", "weight", "bias"], ["sums"], kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4)
    file.add("Split", ["sums"], ["i", "f", "g", "o"], axis=1)
    for gate, function in (("i", "Sigmoid"), ("f", "Sigmoid"), ("g", "Tanh"), ("o", "Sigmoid")):
        file.add(function, [gate], [gate + "a"])
    file.add("Mul", ["fa", "state.c"], ["kept"])
    file.add("Mul", ["ia", "ga"], ["new"])
    file.add("Add", ["kept", "new"], ["state.c.next"])
    file.add("Tanh", ["state.c.next"], ["shown"])
    file.add("Mul", ["oa", "shown"], ["state.h.next"])
    file.write(path)
