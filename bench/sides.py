"""What the sides of a comparison work on, and the workers that do the work."""
import pathlib
import subprocess
import sys

import numpy

import onnx_files
from measure import Worker
from tensors import write_tensors

HERE = pathlib.Path(__file__).resolve().parent
VIDEO_SECONDS = 6
VIDEO_RATE = 25


class Sides:
    """Files lie in `folder` and are made when they are first asked for; programs are those of a build."""

    def __init__(self, folder, build):
        self.folder, self.bin = folder, pathlib.Path(build) / "bin"

    def made(self, name, make):
        path = self.folder / name
        if not path.exists():
            make(path)
        return path

    # --- Models ------------------------------------------------------------------------------------------------------

    def model(self, *words):
        """What bench_models makes of the words."""
        name = "-".join(pathlib.Path(str(word)).stem for word in words)
        return self.made(f"{name}.safetensors", lambda path: self.run(self.bin / "bench_models", *words, path))

    def recipe(self, name):
        return self.model("recipe", HERE.parent / "recipes" / f"{name}.toml")

    def network(self, name, batch):
        """An encoder of networks.py as an ONNX file."""
        return self.made(f"{name}-{batch}.onnx",
                         lambda path: self.run(sys.executable, HERE / "networks.py", name, batch, path))

    def onnx(self, kind, model, *words):
        """A model file's cell as onnx_files.py writes it."""
        name = "-".join(map(str, (model.stem, *words)))
        return self.made(f"{name}.onnx", lambda path: getattr(onnx_files, "write_" + kind)(model, path, *words))

    # --- Inputs ------------------------------------------------------------------------------------------------------

    def frames(self, calls, ticks, streams, shape, scale=1.0):
        size = (calls, ticks, streams, *shape)
        numbers = numpy.random.default_rng(1).standard_normal(size, numpy.float32) * numpy.float32(scale)
        name = "-".join(map(str, ("frames", *size, scale)))
        return self.made(name, lambda path: write_tensors(path, {"frame": numbers}))

    def batch(self, ticks, streams, shape, classes):
        """Frames and labels of a training step."""
        rows = ticks * streams
        frames = numpy.random.default_rng(1).standard_normal((rows, *shape), numpy.float32)
        labels = numpy.random.default_rng(2).integers(0, classes, rows)
        return self.made("-".join(map(str, ("batch", ticks, streams, *shape, classes))),
                         lambda path: write_tensors(path, {"frame": frames, "labels": labels}))

    def motions(self):
        """A list of small clips, all of whose frames are wanted."""
        def make(path):
            folder = self.folder / "motions"
            self.run(self.bin / "longtake", "data", "make", "motions", folder, "--train", "1", "--test", "8")
            path.write_text("".join(f"{file}\n" for file in sorted((folder / "test").glob("*/*.mp4"))))
        return self.made("motions.txt", make)

    def video(self, key_frames):
        """A list of one 720p file with a key frame every so many."""
        def make(path):
            file = path.with_suffix(".mp4")
            source = f"testsrc2=size=1280x720:rate={VIDEO_RATE}:duration={VIDEO_SECONDS},noise=alls=6:allf=t"
            self.run("ffmpeg", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "medium", "-crf", "23",
                     "-pix_fmt", "yuv420p", "-g", key_frames, "-keyint_min", key_frames, "-sc_threshold", "0", file)
            path.write_text(f"{file}\n")
        return self.made(f"video-{key_frames}.txt", make)

    def lrcn_of_video(self, encoder):
        """LRCN on a network of networks.py, one frame a second."""
        def make(path):
            path.write_text(LRCN_OF_VIDEO.format(encoder=self.network(encoder, 1)))
        return self.model("recipe", self.made(f"lrcn-{encoder}.toml", make))

    # --- Workers -----------------------------------------------------------------------------------------------------

    def ours(self, program, *words, threads, more=(), one_core=False):
        return Worker("longtake", [self.bin / program, *words, threads, *more], threads, one_core)

    def torch(self, name, *words, threads, one_core=False):
        return Worker(f"PyTorch, {name}, {said(threads)}", [sys.executable, HERE / "torch_peer.py", *words], threads,
                      one_core)

    def onnx_runtimes(self, file, inputs, threads):
        """With all threads, and with one."""
        nothing = self.made("nothing.onnx", onnx_files.write_nothing)
        for count in sorted({1, threads}):
            yield Worker(f"ONNX Runtime, {said(count)}",
                         ["node", HERE / "node" / "worker.js", file, inputs, nothing, count], count)

    def opencv(self, name, *words, threads, one_core=False):
        return Worker(f"OpenCV{name}, {said(threads)}", [sys.executable, HERE / "opencv_peer.py", *words, threads],
                      threads, one_core)

    @staticmethod
    def run(*command):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench/run: {' '.join(map(str, command))}\n{done.stderr}")


def said(threads):
    if isinstance(threads, tuple):
        return "OpenMP {}, OpenBLAS {} threads".format(*threads)
    return f"{threads} thread{'s' if threads > 1 else ''}"


LRCN_OF_VIDEO = """
[model]
name = "lrcn"
encoder = "{encoder}"
[model.onnx]
average = true
[input]
fps = 1.0
width = 224
height = 224
colour = "bgr"
mean = [103.53, 116.28, 123.675]
scale = [0.01742919, 0.017507, 0.01712475]
[data]
format = "folders"
path = "none"
classes = 8
"""
