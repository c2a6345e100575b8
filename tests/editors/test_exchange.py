"""A result of one editor opened in the other one: the same is seen there, whatever the depth and the colours.

With a stand-in that turns the colours of a large face around. The files are those that both editors share, of
which TIFF and Photoshop's keep the layer of the result. One GIMP and one Krita are started.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import PORTRAIT
from tests.daemon.running import Daemon
from tests.editors.gimp import running as gimp_running
from tests.editors.gimp.conftest import install as install_into_gimp
from tests.editors.gimp.running import Gimp
from tests.editors.krita import pictures
from tests.editors.krita import running as krita_running
from tests.editors.krita.installation import install_into
from tests.editors.krita.running import Krita, until
from tests.pipeline.colour_profiles import profile_with
from tests.stand_in_backend import LARGE_FACE

CURVED, LINEAR = ("R'G'B'A float", pictures.SRGB), ("RGBA float", "sRGB-elle-V2-g10.icc")
"""How pixels are compared: with sRGB's curve or without, as GIMP and as Krita name that."""
LAYERS = ("Background", "Background (retouched)")
FACE = np.s_[128:384, 128:384]
_NAME = "RGB built-in".encode("utf-16-be")
"""LittleCMS's name for every profile that it makes. Krita knows profiles by their names."""
_EXPORTS = {"tif": "tiff", "png": "png", "psd": "psd"}
"""GIMP's names of files."""
_INDEXED = "Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 250, False, False, ''"


@dataclass(frozen=True)
class Case:
    """A picture, its file, and how far off it may be on the other side.

    prepare: how it is made of the portrait; there: what the other editor says of it; pixels: how they are
    compared; names: of its layers there

    Each editor has a profile of sRGB of its own, a tenth of a step of 8 bits from the other, and its own way
    from CMYK to RGB.
    """

    prepare: str
    ending: str
    there: tuple[str, ...]
    tolerance: float
    pixels: tuple[str, str] = CURVED
    names: tuple[str, ...] = ()


@pytest.fixture
def backend() -> str:
    return LARGE_FACE


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that both editors see."""
    return tmp_path_factory.mktemp("exchange")


@pytest.fixture(scope="module")
def gimp(editor_home: Path, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gimp]:
    root = os.environ.get("RETOUCHML_TEST_GIMP")
    if root is None or not os.environ.get("RETOUCHML_TEST_KRITA"):
        pytest.skip("GIMP and Krita were not set up: `python3 install test --editors`")
    profile = tmp_path_factory.mktemp("gimp")
    install_into_gimp(profile, "3.0")
    environment = {"RETOUCHML_HOME": str(editor_home), "RETOUCHML_PORTRAIT": str(PORTRAIT)}
    binds = [editor_home, PORTRAIT.parent, files]
    with gimp_running.gimp(Path(root), profile, binds, "3.0", **environment) as started:
        yield started


@pytest.fixture(scope="module")
def krita(editor_home: Path) -> Iterator[Krita]:
    place = os.environ.get("RETOUCHML_TEST_KRITA")
    if not place:
        pytest.skip("Krita was not set up: `python3 install test --editors`")
    install = partial(install_into, home=editor_home)
    with (
        TemporaryDirectory(prefix="rmlp") as profile,
        krita_running.krita(Path(profile), install, RETOUCHML_HOME=str(editor_home)) as started,
    ):
        started.run("app.setBatchmode(True)")  # it asks nothing about files
        yield started


def seen_in_gimp(gimp: Gimp, file: Path, raw: Path, babl: str) -> tuple[list[Any], NDArray[np.float32]]:
    """What GIMP says of a file, and what it shows of it [H, W, 4]."""
    said = gimp.run(f"""
image = load({str(file)!r})
open({str(raw)!r}, "wb").write(seen(image, {babl!r}))
answer = [image.get_base_type().value_nick, image.get_precision().value_nick, names(image),
          image.get_height(), image.get_width()]
image.delete()
""")
    return said[:3], np.fromfile(raw, np.float32).reshape(*said[3:], 4)


def seen_in_krita(krita: Krita, make: str, raw: Path, profile: str) -> tuple[list[Any], NDArray[np.float32]]:
    """What Krita says of a document, and what it shows of it [H, W, 4]. make: the document"""
    said = krita.run(f"""
opened = {make}
opened.waitForDone()
answer = [opened.colorModel(), opened.colorDepth(), [each.name() for each in opened.topLevelNodes()]]
opened.setColorSpace("RGBA", "F32", {profile!r})
opened.refreshProjection()
opened.waitForDone()
size = [opened.height(), opened.width()]
open({str(raw)!r}, "wb").write(bytes(opened.pixelData(0, 0, size[1], size[0])))
answer += size
opened.setModified(False)
opened.close()
""")
    return said[:3], np.fromfile(raw, np.float32).reshape(*said[3:], 4)


def check(here: NDArray[np.float32], there: NDArray[np.float32], tolerance: float) -> None:
    """The face is turned around, and nothing else is; there as here."""
    assert here.shape == there.shape
    assert np.abs(here - there).max() <= tolerance
    assert np.abs(here[FACE] - there[FACE]).mean() <= tolerance / 5


FROM_GIMP = {
    "8 bits": Case("", "psd", ("RGBA", "U8"), 0.6 / 255, names=LAYERS),
    "16 bits": Case("image.convert_precision(Gimp.Precision.U16_NON_LINEAR)", "tif", ("RGBA", "U16"), 5e-4),
    "float": Case(
        "image.convert_precision(Gimp.Precision.FLOAT_LINEAR)", "tif", ("RGBA", "F32"), 5e-4, LINEAR
    ),
    "grey": Case("image.convert_grayscale()", "png", ("GRAYA", "U8"), 0.6 / 255),
    "indexed": Case(f"image.convert_indexed({_INDEXED})", "png", ("RGBA", "U8"), 0.6 / 255),
    "Adobe RGB": Case("convert('adobe')", "tif", ("RGBA", "U16"), 2e-3, LINEAR),
    "ProPhoto": Case("convert('prophoto')", "tif", ("RGBA", "U16"), 2e-3, LINEAR),
}


@pytest.mark.parametrize("name", FROM_GIMP)
def test_a_result_of_gimp_looks_the_same_in_krita(
    gimp: Gimp, krita: Krita, daemon: Daemon, files: Path, name: str
) -> None:
    case, raw = FROM_GIMP[name], files / "raw"
    file = files / f"gimp {name}.{case.ending}"
    for primaries, gamma in (("adobe", 2.2), ("prophoto", 1.8)):
        made = profile_with(primaries, gamma)
        named = made.replace(_NAME, f"{primaries:{len(_NAME) // 2}}".encode("utf-16-be"))
        assert named != made
        (files / f"{primaries}.icc").write_bytes(named)
    gimp.run(f"""
def convert(primaries):
    image.convert_precision(Gimp.Precision.U16_NON_LINEAR)
    profile = Gimp.ColorProfile.new_from_file(Gio.File.new_for_path(f"{files}/{{primaries}}.icc"))
    image.convert_color_profile(profile, Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True)
    if primaries == "prophoto":
        return
    # a green that sRGB has not
    row = Gegl.Rectangle.new(0, 0, 512, 8)
    green = struct.pack("3f", -0.3, 1.1, -0.1) * (512 * 8)
    image.get_layers()[0].get_buffer().set(row, "RGB float", green)

image = load()
{case.prepare}
outcome = beautify(image.get_layers()[0])
assert outcome[0], outcome
open({str(raw)!r}, "wb").write(seen(image, {case.pixels[0]!r}))
export = Gimp.get_pdb().lookup_procedure("file-{_EXPORTS[case.ending]}-export")
options = export.create_config()
options.set_property("image", image)
options.set_property("file", Gio.File.new_for_path({str(file)!r}))
if options.find_property("include-color-profile"):
    options.set_property("include-color-profile", True)
outcome = export.run(options)
assert outcome.index(0) == Gimp.PDBStatusType.SUCCESS, outcome.index(1)
image.delete()
answer = None
""")
    here = np.fromfile(raw, np.float32).reshape(512, 512, 4)
    said, there = seen_in_krita(krita, f"app.openDocument({str(file)!r})", raw, case.pixels[1])
    assert said[:2] == [*case.there]
    if case.names:
        assert said[2] == [*case.names]
    check(here, there, case.tolerance)
    before = gimp_before(gimp, case, raw)
    changed = (np.abs(here - before) > 1e-3).any(-1)
    assert changed[FACE].mean() > 0.9
    assert changed.sum() == changed[FACE].sum()


def gimp_before(gimp: Gimp, case: Case, raw: Path) -> NDArray[np.float32]:
    gimp.run(f"""
image = load()
{case.prepare}
open({str(raw)!r}, "wb").write(seen(image, {case.pixels[0]!r}))
image.delete()
answer = None
""")
    return np.fromfile(raw, np.float32).reshape(512, 512, 4)


FROM_KRITA = {
    "8 bits": Case("RGBA U8", "ora", ("rgb", "u8-non-linear"), 0.6 / 255, names=(*reversed(LAYERS),)),
    "16 bits": Case("RGBA U16", "tif", ("rgb", "u16-linear"), 5e-4),
    "float": Case("RGBA F32", "tif", ("rgb", "float-non-linear"), 1e-4),
    "grey": Case("GRAYA U8", "tif", ("gray", "u8-linear"), 0.6 / 255),
    "CMYK": Case("CMYKA U8", "tif", ("rgb", "u8-non-linear"), 0.2),
    "Adobe RGB": Case("RGBA U16 ClayRGB-elle-V2-g22.icc", "tif", ("rgb", "u16-non-linear"), 2e-3, LINEAR),
    "ProPhoto": Case("RGBA U16 LargeRGB-elle-V2-g22.icc", "tif", ("rgb", "u16-non-linear"), 2e-3, LINEAR),
}


@pytest.mark.parametrize("name", FROM_KRITA)
def test_a_result_of_krita_looks_the_same_in_gimp(
    gimp: Gimp, krita: Krita, daemon: Daemon, files: Path, name: str, portrait: NDArray[np.uint8]
) -> None:
    case, raw = FROM_KRITA[name], files / "raw"
    model, depth, *profile = case.prepare.split()
    file = files / f"krita {name}.{case.ending}"
    krita.run("clean_up()")
    until(lambda: krita.ask("daemon_pid()") == daemon.process.pid)
    source = "F32" if depth == "F32" else "U8"
    pictures.put(krita, pictures.as_krita(portrait, source), files, source)
    wanted = repr(profile[0]) if profile else f"app.profiles({model!r}, {depth!r})[0]"
    if (model, depth) != ("RGBA", source):
        krita.run(f"doc.setColorSpace({model!r}, {depth!r}, {wanted}); doc.waitForDone()")
    until(lambda: krita.view()["layer"] == "Background")
    before = seen_in_krita(krita, "doc.clone()", raw, case.pixels[1])[1]
    krita.click("beautify")
    until(lambda: krita.view()["notice"])
    krita.wait_for_task()
    assert krita.ask("layers()") == [*LAYERS]
    krita.run(f"""
from krita import InfoObject
doc.setBatchmode(True)
assert doc.exportImage({str(file)!r}, InfoObject())
""")
    (model_, depth_, _), here = seen_in_krita(krita, "doc.clone()", raw, case.pixels[1])
    assert [model_, depth_] == [model, depth]
    krita.clear()
    said, there = seen_in_gimp(gimp, file, raw, case.pixels[0])
    assert said[:2] == [*case.there]
    if case.names:
        assert said[2] == [*case.names]
    check(here, there, case.tolerance)
    changed = (np.abs(here - before) > 1e-3).any(-1)
    assert changed[FACE].mean() > 0.9
    assert changed.sum() == changed[FACE].sum()
