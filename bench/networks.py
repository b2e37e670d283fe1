#!/usr/bin/python3
"""Frame encoders of PyTorch with random weights of a size that keeps numbers alive, as ONNX files.

  networks.py NAME BATCH FILE.onnx     NAME: vgg16 (its convolutions), caffenet, or a classifier of torchvision

The same name gives the same weights again.
"""
import sys

import torch
import torchvision
from torch import nn
from torch.nn import functional

SIZE = 224
OPSET = 10  # the last one whose Clip (ReLU6) OpenCV can read


class CaffeNorm(torch.autograd.Function):
    """Local response normalisation over 5 channels, which PyTorch would export as a crowd of small ops."""

    @staticmethod
    def symbolic(graph, x):
        return graph.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0)

    @staticmethod
    def forward(_, x):
        return functional.local_response_norm(x, 5, 1e-4, 0.75, 1.0)


class Norm(nn.Module):
    def forward(self, x):
        return CaffeNorm.apply(x)


def caffenet():
    """AlexNet as Caffe has it, with groups and pooling before normalisation, up to fc7."""
    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4), nn.ReLU(), pool(), Norm(),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), pool(), Norm(),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), pool(), nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Linear(4096, 4096), nn.ReLU())


def network(name):
    torch.manual_seed(1)
    net = caffenet() if name == "caffenet" else getattr(torchvision.models, name)(weights=None)
    net = net.features if name == "vgg16" else net
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:  # equal ones the exporter joins, in a way that OpenCV cannot read
                nn.init.normal_(module.bias, 0, 0.1)
        if isinstance(module, nn.BatchNorm2d):  # statistics that do something
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return net.eval()


def size_of(name):
    """Height and width of its frames."""
    return 227 if name == "caffenet" else SIZE


if __name__ == "__main__":
    name, batch, path = sys.argv[1:]
    frames = torch.randn(int(batch), 3, size_of(name), size_of(name))
    torch.onnx.export(network(name), frames, path, opset_version=OPSET, input_names=["frame"], output_names=["logits"])
