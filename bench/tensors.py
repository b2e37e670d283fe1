"""The safetensors container in a few lines: enough for our own files."""
import json

import numpy

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64, "I32": numpy.int32, "U8": numpy.uint8}


def read_tensors(path):
    """The tensors by name, and the metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors, metadata


def write_tensors(path, tensors):
    """Writes numpy arrays by name, the largest types first so that all are aligned."""
    names = {dtype: name for name, dtype in TYPES.items()}
    header, blobs, begin = {}, [], 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        blobs.append(numpy.ascontiguousarray(tensor).tobytes())
        header[name] = {"dtype": names[tensor.dtype.type], "shape": list(tensor.shape),
                        "data_offsets": [begin, begin + len(blobs[-1])]}
        begin += len(blobs[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blobs))
