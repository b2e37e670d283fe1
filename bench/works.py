"""The works that are compared: one function a group, one row for each line that its table prints.

Ratios that a row must reach stand beside it, as Demand(required, wanted).
"""
import statistics
import subprocess
import time

from measure import Worker, take_turns
from sides import VIDEO_RATE, VIDEO_SECONDS
from table import Demand, Row

THREADS = (1, 2)
STARTS = 50  # of each program
SGEMM_SIZE = 2048
# Of the files that are sampled: their name in networks.py, and how many features the LSTM gets.
VIDEO_ENCODERS = (("vgg16", "VGG16", 512), ("squeezenet1_1", "SqueezeNet", 1000))

# Of two programs that scale pictures each its own way, and of weights in fewer bits.
ROUGHLY = 0.2
BLOCKS_ROUGHLY = 0.05
FLOAT16_TOLERANCE = 5e-3
INT8_TOLERANCE = 0.1


# --- Starting ---------------------------------------------------------------------------------------------------------

def starting(bench):
    """The whole life of a process that does next to nothing, against a limit."""
    for work, limit_ms, command in (("start, a program on the runtime alone", 10, ["runtime_user"]),
                                    ("start, longtake --version", 100, ["longtake", "--version"])):
        times = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            subprocess.run([bench.sides.bin / command[0], *command[1:]], check=True, stdout=subprocess.DEVNULL)
            times.append((time.perf_counter() - begin) * 1e3)
        ratios = [limit_ms / ours for ours in times]
        bench.table.add(Row(work, 1, statistics.median(times), limit_ms, ratios, name="limit"))


# --- ConvLSTM ---------------------------------------------------------------------------------------------------------

def conv_lstm_steps(bench):
    """A tick of streams that share a step: state and frame in, state out."""
    sizes = [(64, 3, grid, streams) for grid, streams in ((16, 1), (32, 1), (64, 1), (16, 8), (32, 8))]
    sizes += [(128, *size[1:]) for size in sizes]
    for size in sizes:
        conv_lstm_step(bench, *size, Demand(1.8, 2.8))
    for size in ((64, 5, 16, 1), (64, 5, 32, 1), (64, 5, 32, 8)):
        conv_lstm_step(bench, *size, Demand(1.5, 2))


def conv_lstm_step(bench, maps, kernel, grid, streams, demand):
    sides = bench.sides
    model = sides.model("conv_lstm", maps, kernel, grid)
    file = sides.onnx("conv_lstm", model, streams, grid)
    inputs = sides.frames(4, 1, streams, (maps, grid, grid))
    for threads in THREADS:
        bench.row(f"ConvLSTM step, {maps}/{kernel}/{grid}/{streams}", threads,
                  sides.ours("streaming_bench", "step", model, inputs, threads=threads),
                  list(sides.onnx_runtimes(file, inputs, threads)), demand)


def conv_lstm_training(bench):
    """A training step over 20 ticks: forward, backward, clipping, optimiser."""
    for maps, kernel, grid, streams, demand in ((64, 3, 16, 1, Demand(2.5)), (64, 3, 64, 1, Demand(2.5)),
                                                (128, 3, 16, 8, Demand(2.5)), (64, 5, 16, 8, Demand(1.1, 1.8))):
        ticks, sides = 20, bench.sides
        model = sides.model("pooled_conv_lstm", maps, kernel, grid)
        batch = sides.batch(ticks, streams, (maps, grid, grid), maps)
        # Forward and to the weights, of frame and state, and from state to state; frames have no gradient.
        flops = 5 * 2 * 4 * (maps * kernel * grid) ** 2 * ticks * streams
        for threads in THREADS:
            peers = [sides.torch(variant.replace("_", " "), "train", variant, model, batch, ticks, threads=threads)
                     for variant in ("plain", "channels_last", "side_by_side")]
            bench.row(f"ConvLSTM training, {maps}/{kernel}/{grid}/{streams}, 20 ticks", threads,
                      sides.ours("training_bench", model, batch, ticks, threads=threads), peers, demand, flops=flops)


# --- Frame encoders ---------------------------------------------------------------------------------------------------

ENCODERS = (("vgg16", "VGG16 convolutions", Demand(2.0, 2.7)), ("resnet18", "ResNet18", Demand(1.3)),
            ("caffenet", "CaffeNet", Demand(1.1)), ("alexnet", "AlexNet", Demand(1.1)),
            ("squeezenet1_1", "SqueezeNet 1.1", Demand(1.0)), ("mobilenet_v2", "MobileNet v2", Demand(1.0)))


def encoders(bench):
    """Frames to the network's answer."""
    for name, title, demand in ENCODERS:
        for frames in (1, 8):
            encoder(bench, name, title, frames, demand)


def encoder(bench, name, title, frames, demand):
    sides = bench.sides
    file, size = sides.network(name, frames), 227 if name == "caffenet" else 224
    model, inputs = sides.model("net", file, size, size), sides.frames(2, 1, frames, (3, size, size))
    for threads in THREADS:
        bench.row(f"{title}, {frames} frame{'s' if frames > 1 else ''}", threads,
                  sides.ours("streaming_bench", "step", model, inputs, threads=threads),
                  [*sides.onnx_runtimes(file, inputs, threads),
                   sides.opencv(" DNN", "net", file, inputs, threads=threads)], demand)


# --- LSTM and GRU -----------------------------------------------------------------------------------------------------

LSTMS = ((1024, 512, 1), (1024, 512, 5), (4096, 1024, 1))


def lstm_steps(bench):
    """A tick of one stream, weights as they are and in fewer bits; the first also where its weights left the caches."""
    sides = bench.sides
    for into, hidden, layers in LSTMS:
        model, inputs = sides.model("lstm", into, hidden, layers), sides.frames(16, 1, 1, (into,))
        float32, int8 = (sides.onnx("lstm", model, 1, 1, narrow) for narrow in (False, True))
        for weights, file, demand, tolerance in (("float32", float32, Demand(1.0), bench.TOLERANCE),
                                                 ("float16", float32, Demand(1.5), FLOAT16_TOLERANCE),
                                                 ("int8", int8, Demand(1.0), INT8_TOLERANCE)):
            small = layers == 1 and hidden == 512 and weights == "float32"
            for threads in THREADS:
                peers = list(sides.onnx_runtimes(file, inputs, threads))
                if small:
                    peers += [sides.torch(name, "step", variant, model, inputs, threads=threads)
                              for name, variant in (("nn.LSTM", "lstm"), ("LSTMCell", "cell"))]
                bench.row(f"LSTM step, {into}/{hidden}/{layers}, {weights}", threads,
                          sides.ours("streaming_bench", "step", model, inputs, threads=threads, more=[weights]), peers,
                          demand, tolerance=tolerance, modes=("", "cold") if small else ("",), memory=True)


def sequences(bench):
    """60 ticks in one call."""
    sides = bench.sides
    for kind, words in (("lstm", (1024, 512, 1)), ("gru", (1024, 512))):
        for streams in (1, 32):
            model, inputs = sides.model(kind, *words), sides.frames(2, 60, streams, (1024,))
            file = sides.onnx(kind, model, 60, streams)
            for threads in THREADS:
                bench.row(f"{kind.upper()}, 60 ticks, 1024/512, batch {streams}", threads,
                          sides.ours("streaming_bench", "step", model, inputs, threads=threads),
                          list(sides.onnx_runtimes(file, inputs, threads)), Demand(1.0))


def recurrent_training(bench):
    """A training step of one layer, whose hidden state is taken for logits."""
    for kind in ("lstm", "gru"):
        for ticks, streams, into, hidden in ((16, 24, 4096, 256), (50, 32, 128, 128)):
            model = bench.sides.model(kind, into, hidden, *([1] if kind == "lstm" else []))
            training(bench, f"{kind.upper()} training, {streams} x {ticks} frames, {into} -> {hidden}", model, ticks,
                     streams, (into,), hidden, ["plain"], Demand(1.5))


def training(bench, work, model, ticks, streams, shape, classes, variants, demand=None):
    sides, batch = bench.sides, bench.sides.batch(ticks, streams, shape, classes)
    for threads in THREADS:
        peers = [sides.torch(variant.replace("_", " "), "train", variant, model, batch, ticks, threads=count)
                 for variant in variants for count in policies(threads)]
        bench.row(work, threads, sides.ours("training_bench", model, batch, ticks, threads=threads), peers, demand)


def policies(threads):
    """How many threads PyTorch and its BLAS get: theirs may stand in each other's way."""
    return [1] if threads == 1 else [1, threads, (1, threads)]


# --- LRCN -------------------------------------------------------------------------------------------------------------

def lrcn_steps(bench):
    """A frame to its scores, against PyTorch."""
    lrcn_step(bench, "LRCN step, recipes/motions", "motions", (1, 32, 32))
    lrcn_step(bench, "LRCN step, caffenet_hybrid + LSTM 256", "lrcn_ucf101", (3, 227, 227), 50.0)


def lrcn_step(bench, work, recipe, shape, scale=1.0):
    sides = bench.sides
    model, inputs = sides.recipe(recipe), sides.frames(16, 1, 1, shape, scale)
    variants = (("nn.LSTM", "lstm"), ("LSTMCell", "cell"), ("LSTMCell, TorchScript", "frozen"))
    for threads in THREADS:
        peers = [sides.torch(name, "step", variant, model, inputs, threads=count)
                 for name, variant in variants for count in sorted({1, threads})]
        bench.row(work, threads, sides.ours("streaming_bench", "step", model, inputs, threads=threads), peers,
                  memory=True)


def lrcn_training(bench):
    training(bench, "LRCN training, recipes/motions, 16 x 16", bench.sides.recipe("motions"), 16, 16, (1, 32, 32), 8,
             ["plain", "channels_last"])


# --- Video files ------------------------------------------------------------------------------------------------------

def sampling(bench):
    """The frames of a 720p file, one a second, scaled to 224 x 224. OpenCV grabs all frames and retrieves those; where
    it seeks them instead, that is a row of its own."""
    sides = bench.sides
    model = sides.lrcn_of_video("squeezenet1_1")
    for key_frames, way, demand in ((25, "grab", Demand(3)), (25, "seek", None), (250, "grab", None)):
        files = sides.video(key_frames)
        for threads in THREADS:
            bench.row(f"1 fps of 720p, key frame every {key_frames}, to {way}", threads,
                      sides.ours("streaming_bench", "frames", model, files, threads=threads, one_core=threads == 1),
                      [sides.opencv(f", {way}", "frames", way, model, files, threads=threads, one_core=threads == 1)],
                      demand, tolerance=BLOCKS_ROUGHLY)


def files(bench):
    """Files to scores: decoding, encoder, LSTM. Against PyTorch and OpenCV, and against the stages by themselves."""
    sides = bench.sides
    for threads in THREADS:
        file_to_scores(bench, "a motions clip", sides.recipe("motions"), sides.motions(), "own", ["grab"], threads)
    for name, title, features in VIDEO_ENCODERS:
        work = f"{VIDEO_SECONDS} s of 720p at 1 fps, {title}"
        file_to_scores(bench, work, sides.lrcn_of_video(name), sides.video(VIDEO_RATE), name, ["grab", "seek"], 2)
        for threads in THREADS:
            stages(bench, f"{work}, against its stages", name, features, threads)


def file_to_scores(bench, work, model, videos, encoder_name, ways, threads):
    sides, one_core = bench.sides, threads == 1
    peers = [sides.torch(f"OpenCV {way}", "clips", encoder_name, way, model, videos, threads=threads, one_core=one_core)
             for way in ways]
    bench.row(f"{work}, file to scores", threads,
              sides.ours("streaming_bench", "clips", model, videos, threads=threads, one_core=one_core), peers,
              Demand(3) if threads == 2 else None, tolerance=ROUGHLY)


def stages(bench, work, name, features, threads):
    """A file to scores against the sum of reading its frames, the encoder on them and the LSTM on its features."""
    sides = bench.sides
    model, videos = sides.lrcn_of_video(name), sides.video(VIDEO_RATE)
    encoder_model, lstm = sides.model("net", sides.network(name, 1), 224, 224), sides.model("lstm", features, 256, 1)
    steps = [(encoder_model, sides.frames(1, VIDEO_SECONDS, 1, (3, 224, 224))),
             (lstm, sides.frames(1, VIDEO_SECONDS, 1, (features,)))]
    whole = sides.ours("streaming_bench", "clips", model, videos, threads=threads)
    alone = [sides.ours("streaming_bench", "frames", model, videos, threads=threads)]
    alone += [sides.ours("streaming_bench", "step", part, inputs, threads=threads) for part, inputs in steps]
    with bench.ending([whole, *alone]):
        for worker in (whole, *alone):
            worker.calibrate("", bench.limits.block)
        take_turns([whole, *alone], "", bench.limits)
        sums = [sum(times) for times in zip(*(worker.times for worker in alone))]
        parts = "frames {:.1f} + encoder {:.1f} + LSTM {:.1f} ms".format(*map(Worker.median, alone))
        bench.table.add(Row(work, threads, whole.median(), statistics.median(sums),
                            [a / b for a, b in zip(sums, whole.times)], Demand(0.8), name=parts))


WORKS = {"start": starting, "conv-lstm": conv_lstm_steps, "conv-lstm-training": conv_lstm_training,
         "encoders": encoders, "lstm": lstm_steps, "sequences": sequences, "training": recurrent_training,
         "lrcn": lrcn_steps, "lrcn-training": lrcn_training, "sampling": sampling, "files": files}
