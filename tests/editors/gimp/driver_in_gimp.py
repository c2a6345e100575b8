"""GIMP's batch command, which runs the tests' Python. Never imported."""

# mypy: ignore-errors

import contextlib
import json
import os
import socket
import struct
import subprocess
import threading
import time
import traceback

from gi.repository import Gegl, Gimp, Gio

NAME = "plug-in-retouchml-beautify"
PORTRAIT = os.environ["RETOUCHML_PORTRAIT"]


def load(path=PORTRAIT):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))


def beautify(layer, **options):
    """Call the procedure; [succeeded, message, seconds]."""
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", layer.get_image())
    config.set_core_object_array("drawables", [layer])
    for name, value in options.items():
        config.set_property(name, value)
    start = time.monotonic()
    result = procedure.run(config)
    status = result.index(0)
    message = "" if status == Gimp.PDBStatusType.SUCCESS else str(result.index(1))
    return [status == Gimp.PDBStatusType.SUCCESS, message, time.monotonic() - start]


def names(image):
    return [layer.get_name() for layer in image.get_layers()]


def pixels(layer, babl="R'G'B'A float"):
    rectangle = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    return bytes(layer.get_buffer().get(rectangle, 1.0, babl, Gegl.AbyssPolicy.NONE))


def seen(image, babl):
    """The pixels of the whole image as it is seen."""
    copy = image.duplicate()
    layer = copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    data = pixels(layer, babl)
    copy.delete()
    return data


def differences(before, after, width, pixel_bytes):
    """[pixels that differ, and the box x0, y0, x1, y1 around them]."""
    row = width * pixel_bytes
    xs, ys, count = [], [], 0
    for y in range(len(before) // row):
        old, new = before[y * row : (y + 1) * row], after[y * row : (y + 1) * row]
        if old != new:
            ys.append(y)
            for x in range(width):
                if (
                    old[x * pixel_bytes : (x + 1) * pixel_bytes]
                    != new[x * pixel_bytes : (x + 1) * pixel_bytes]
                ):
                    xs.append(x)
                    count += 1
    return [count, [min(xs), min(ys), max(xs) + 1, max(ys) + 1]] if count else [0, None]


def box(layer):
    _ok, x, y = layer.get_offsets()
    return [x, y, x + layer.get_width(), y + layer.get_height()]


def delete_all():
    for image in Gimp.get_images():
        image.delete()


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def windows(title):
    """Visible windows. xdotool's search ends without an answer when a window vanishes under it."""
    for _ in range(10):
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        found = subprocess.run(search, capture_output=True, text=True, timeout=60)
        if found.returncode == 0 or not found.stderr.strip():
            return found.stdout.split()
        time.sleep(0.2)
    raise AssertionError(found.stderr)


def activate(window, seconds=30):
    """Give a window the keyboard; whether it has it in time. xdotool's own --sync may wait for ever."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if tool("xdotool", "getactivewindow").strip() == window:
            return True
        tool("xdotool", "windowactivate", window)
        time.sleep(0.1)
    return False


def _serve(connection):
    """Answer once. A test that asked and gave up must not end this, and GIMP with it."""
    with connection, contextlib.suppress(OSError, struct.error):
        (length,) = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))
        source = connection.recv(length, socket.MSG_WAITALL).decode()
        try:
            # a test's names stay for its next source, but never take a helper's place
            _names.update(_HELPERS)
            _names.pop("answer", None)
            exec(compile(source, "test", "exec"), _names)
            reply = json.dumps({"answer": _names.get("answer")})
        except BaseException:
            reply = json.dumps({"error": traceback.format_exc()})
        connection.sendall(struct.pack("<I", len(reply.encode())) + reply.encode())


_HELPERS = dict(globals())
_names = {}


def serve():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.environ["RETOUCHML_DRIVER"])
        listener.listen()
        while True:
            connection, _address = listener.accept()
            if os.environ.get("RETOUCHML_THREADS"):
                threading.Thread(target=_serve, args=(connection,), daemon=True).start()
            else:
                _serve(connection)


serve()
