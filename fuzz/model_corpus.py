#!/usr/bin/env python3
"""Writes the seed corpus of model_file_fuzz: a small model, and one file for each way in which its header can be wrong.

usage: fuzz/model_corpus.py MODEL.safetensors fuzz/corpus/model_file_fuzz
"""
import copy
import json
import struct
import sys
from pathlib import Path


def split(raw):
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    return header, json.loads(header["__metadata__"]["longtake"]), raw[8 + length:]


def joined(header, model, data):
    header = copy.deepcopy(header)
    if model is not None:
        header["__metadata__"]["longtake"] = json.dumps(model)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def first_with(model, op):
    return next(node for node in model["graphs"][0]["nodes"] if node["op"] == op)


def mutations():
    """Name and change of the model's description."""
    yield "newer_version", lambda m: m.update(version=9)
    yield "no_graphs", lambda m: m.update(graphs=[])
    yield "missing_key", lambda m: m.pop("parameters")
    yield "graph_twice", lambda m: m["graphs"].append(m["graphs"][0])
    yield "unknown_op", lambda m: m["graphs"][0]["nodes"][1].update(op="summon")
    yield "input_out_of_range", lambda m: m["graphs"][0]["nodes"][-1].update(inputs=[1 << 30])
    yield "input_negative", lambda m: m["graphs"][0]["nodes"][-1].update(inputs=[-7])
    yield "loop_without_delay", lambda m: m["graphs"][0]["nodes"][-1].update(
        inputs=m["graphs"][0]["nodes"][-1]["outputs"])
    yield "output_twice", lambda m: m["graphs"][0]["nodes"][-1].update(outputs=[0])
    yield "region_out_of_range", lambda m: m["graphs"][0]["nodes"][1].update(region=99)
    yield "huge_shape", lambda m: m["graphs"][0]["nodes"][0]["attributes"].update(shape=[1 << 40, 1 << 40])
    yield "negative_shape", lambda m: m["graphs"][0]["nodes"][0]["attributes"].update(shape=[-1, 4, 4])
    yield "zero_stride", lambda m: first_with(m, "conv2d")["attributes"].update(stride=[0, 0])
    yield "huge_dilation", lambda m: first_with(m, "conv2d")["attributes"].update(dilation=[1 << 62, 1 << 62])
    yield "huge_pad", lambda m: first_with(m, "max_pool")["attributes"].update(pad=[1 << 62, 0])
    yield "wrong_attribute_type", lambda m: first_with(m, "conv2d")["attributes"].update(groups="one")
    yield "parameter_shape", lambda m: m["parameters"][0].update(shape=[1])
    yield "parameter_unknown", lambda m: first_with(m, "conv2d").update(parameters=["nobody", "nothing"])
    yield "binding_to_nowhere", lambda m: m["bindings"].append(
        {"from": {"graph": "main", "name": "scores"}, "to": {"graph": "else", "name": "init"}})
    yield "label_numbers", lambda m: m.update(labels=[1, 2])


def main():
    header, model, data = split(Path(sys.argv[1]).read_bytes())
    folder = Path(sys.argv[2])
    model["provenance"] = {"seed": "1"}
    (folder / "whole").write_bytes(joined(header, model, data))
    for name, change in mutations():
        changed = copy.deepcopy(model)
        change(changed)
        (folder / name).write_bytes(joined(header, changed, data))
    (folder / "cut").write_bytes(joined(header, model, data)[:-1])
    without = copy.deepcopy(header)
    without["__metadata__"] = {}
    (folder / "no_description").write_bytes(joined(without, None, data))


if __name__ == "__main__":
    main()
