"""Frames of a video file through OpenCV, as a model's input spec wants them."""
import cv2
import numpy


def read_frames(path, spec, seeks=False):
    """uint8 [frames, height, width, channels], in the order of OpenCV's colours (bgr) or gray.

    A spec with a rate below the file's own gets its samples by grabbing every frame and retrieving the wanted ones, or
    by seeking each. The file's rate must be a multiple of it.
    """
    video = cv2.VideoCapture(path)
    every = round(video.get(cv2.CAP_PROP_FPS) / spec["fps"]) if spec["fps"] else 1
    frames = []
    for index in range(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)), every):
        if seeks:
            video.set(cv2.CAP_PROP_POS_FRAMES, index)
        if not video.grab():
            break
        there, frame = video.retrieve()
        frames.append(fit(frame, spec))
        if not seeks:
            for _ in range(every - 1):
                video.grab()
    return numpy.stack(frames)


def fit(frame, spec):
    """Resized, cropped in the centre, gray where the spec says so."""
    if spec["colour"] == "gray":
        frame = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    frame = cv2.resize(frame, (spec["width"], spec["height"]), interpolation=cv2.INTER_AREA)
    height, width = spec["crop_height"] or spec["height"], spec["crop_width"] or spec["width"]
    top, left = (spec["height"] - height) // 2, (spec["width"] - width) // 2
    return frame[top:top + height, left:left + width].reshape(height, width, -1)


def prepare(frames, spec):
    """float32 [frames, channels, height, width]: less the mean, times the scale, or standardised."""
    pixels = numpy.ascontiguousarray(frames.transpose(0, 3, 1, 2), numpy.float32)
    if spec["mean"]:
        pixels -= numpy.array(spec["mean"], numpy.float32)[:, None, None]
    if spec["scale"]:
        pixels *= numpy.array(spec["scale"], numpy.float32)[:, None, None]
    if spec["standardise"]:
        pixels -= pixels.mean((1, 2, 3), keepdims=True)
        pixels /= pixels.std((1, 2, 3), keepdims=True)
    return pixels
