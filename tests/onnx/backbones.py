#!/usr/bin/env python3
"""Backbones of torchvision through longtake's ONNX import, against PyTorch itself.

    tests/onnx/backbones.py build/release/bin/onnx_probe [SQUEEZENET_FOLDER] [--large]

Exports each network with random weights (batch norm folded by the exporter, and once kept as it is), runs two frames
through both executors and compares the logits, as the largest difference relative to the largest logit. With the folder
of a SqueezeNet 1.0 (its .onnx and the same weights as .safetensors) it compares that with torchvision's network, too.
Exits with 77 where torchvision is missing.
"""
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import numpy
    import torch
    import torchvision
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

warnings.filterwarnings("ignore")
LIMIT = 1e-4
NAMES = ["googlenet", "squeezenet1_1", "resnet18", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x1_0"]
LARGE = ["alexnet", "vgg11"]  # hundreds of megabytes of weights, and no other operators; with --large


def network(name):
    more = {"init_weights": False, "transform_input": True} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, **more)
    for module in net.modules():  # statistics that do something
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return net.eval()


def export(net, frames, path, keeps_norms, opset):
    mode = torch.onnx.TrainingMode.PRESERVE if keeps_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(net, frames, path, opset_version=opset, training=mode, do_constant_folding=not keeps_norms,
                      input_names=["frame"], output_names=["logits"],
                      dynamic_axes={"frame": {0: "n"}, "logits": {0: "n"}})


def through_import(probe, executor, mode, path, frames, folder):
    given, result = folder / "frames.f32", folder / "outputs.f32"
    frames.numpy().astype("<f4").tofile(given)
    subprocess.run([probe, executor, mode, path, "", *map(str, frames.shape[1:]), given, result], check=True)
    return numpy.fromfile(result, "<f4")


def compare(probe, title, net, path, frames, folder):
    with torch.no_grad():
        wanted = net(frames).numpy().ravel()
    worst, figures = 0, []
    for executor in ("runtime", "trainer"):
        for mode in ("frozen", "learning"):
            given = through_import(probe, executor, mode, path, frames, folder)
            difference = float(numpy.abs(given - wanted).max() / numpy.abs(wanted).max())
            worst = max(worst, difference)
            figures.append(f"{executor} {mode} {difference:.1e}")
    print(f"{title:<34} {'; '.join(figures)}", flush=True)
    return worst <= LIMIT


def read_safetensors(path):
    import json
    raw = Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        numbers = numpy.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").copy()
        tensors[name] = torch.from_numpy(numbers.reshape(entry["shape"]))
    return tensors


def squeezenet(probe, source, folder):
    net = torchvision.models.squeezenet1_0(weights=None)
    net.load_state_dict(read_safetensors(source / "squeezenet1_0.safetensors"))
    frames = torch.rand(2, 3, 227, 227) * 255 - 110
    return compare(probe, "squeezenet1_0 with its weights", net.eval(), source / "squeezenet1_0.onnx", frames, folder)


def main():
    large = "--large" in sys.argv
    if large:
        sys.argv.remove("--large")
    probe = Path(sys.argv[1]).resolve()
    torch.manual_seed(1)
    passed = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in NAMES + (LARGE if large else []):
            net, frames = network(name), torch.randn(2, 3, 224, 224)
            has_norms = any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
            for keeps_norms in ([False, True] if has_norms else [False]):
                path = folder / "net.onnx"
                export(net, frames, path, keeps_norms, 11 if keeps_norms else 14)
                title = f"{name}{', batch norm kept, opset 11' if keeps_norms else ', opset 14'}"
                passed = compare(probe, title, net, path, frames, folder) and passed
        if len(sys.argv) > 2:
            if Path(sys.argv[2]).is_dir():
                passed = squeezenet(probe, Path(sys.argv[2]), folder) and passed
            else:
                print(f"skipped: no SqueezeNet in {sys.argv[2]}")
    print("all within" if passed else "NOT all within", LIMIT)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
