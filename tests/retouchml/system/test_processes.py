"""The environment of the programs that are started."""

from retouchml.system.processes import FOREIGN_VARIABLES, clean_environment


def test_what_another_python_or_an_appimage_needs_reaches_no_child() -> None:
    kept = {"HOME": "/home/me", "RETOUCHML_HOME": "/r", "PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0"}
    editors = dict.fromkeys(
        ("PYTHONNOUSERSITE", "GTK_PATH", "GEGL_PATH", "BABL_PATH", "QT_QPA_PLATFORM"), "x"
    )
    foreign = dict.fromkeys(FOREIGN_VARIABLES, "/appimage") | editors
    assert clean_environment({**kept, **foreign}) == kept
    assert clean_environment(kept, PYTHONPATH="/ours") == {**kept, "PYTHONPATH": "/ours"}
