from pathlib import Path

import pytest

from retouchml.errors import UsageError
from retouchml.settings import Settings, is_device, load, store
from tests import stand_in_backend
from tests.retouchml.running import Run


@pytest.fixture
def config(home: Path) -> Path:
    """The place of config.toml."""
    (home / "config").mkdir(parents=True)
    return home / "config" / "config.toml"


def look_used(run: Run, portrait: Path, *options: str) -> tuple[float, float]:
    backend = stand_in_backend.Backend()
    run("beautify", portrait, "-o", portrait.with_name("out.png"), "--force", *options, backend=backend)
    return backend.looks[0][0].strength, backend.looks[0][0].texture


def test_without_a_file_the_design_s_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == (Settings("ffhq-mobile", "auto", "natural", None, None), ())


def test_a_file_sets_defaults_and_options_win_over_it(config: Path, run: Run, portrait: Path) -> None:
    config.write_text("strength = 0.25\ntexture = 1\n")
    assert look_used(run, portrait) == (0.25, 1.0)
    assert look_used(run, portrait, "--strength", "0.75") == (0.75, 1.0)


def test_a_preset_of_the_file_is_where_looks_start(config: Path, run: Run, portrait: Path) -> None:
    config.write_text('preset = "strong"\ntexture = 0.25\n')
    assert look_used(run, portrait) == (1.0, 0.25)
    assert look_used(run, portrait, "--preset", "natural") == (0.5, 0.85)
    assert look_used(run, portrait, "--strength", "0.75") == (0.75, 0.25)


def test_model_and_device_come_from_the_file(config: Path, run: Run, portrait: Path) -> None:
    config.write_text('model = "mine"\ndevice = "cuda:1"\n')
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--json", "-")
    assert '"model": "mine"' in ran.out
    assert '"device": "cuda:1"' in ran.out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("strength = 2", "strength is 2, but must be a number from 0 to 1; the preset's is used."),
        ("strength = nan", "strength is nan, but must be a number from 0 to 1; the preset's is used."),
        ("strength = true", "strength is True, but must be a number from 0 to 1; the preset's is used."),
        ('texture = "much"', "texture is 'much', but must be a number from 0 to 1; the preset's is used."),
        (
            'device = "gpu"',
            "device is 'gpu', but must be auto, cpu, cuda, cuda:N, mps, xpu or xpu:N; auto is used.",
        ),
        ('model = ""', "model is '', but must be the name of a model; ffhq-mobile is used."),
        ('engine = "jax"', "engine is 'jax', but must be torch or tensorflow1; torch is used."),
        (
            'precision = "half"',
            "precision is 'half', but must be auto, float32, float16 or bfloat16; auto is used.",
        ),
        ("engine = []", "engine is [], but must be torch or tensorflow1; torch is used."),
        ('preset = "loud"', "preset is 'loud', but must be the name of a preset; natural is used."),
        ("preset = 3", "preset is 3, but must be the name of a preset; natural is used."),
        (
            "language = 'xx'",
            "language is 'xx', but must be en, de, es, fr, ja, zh_CN; the system's is used.",
        ),
        (
            "language = ['de']",
            "language is ['de'], but must be en, de, es, fr, ja, zh_CN; the system's is used.",
        ),
        (
            "strenght = 1",
            "strenght is not a setting; there are model, device, preset, strength, texture, engine, "
            "precision, language, keep_alive, remote, remote_fallback, scorer, scores.",
        ),
    ],
)
def test_a_bad_value_is_one_warning_and_the_default_stands_in(
    line: str, said: str, config: Path, run: Run, portrait: Path
) -> None:
    config.write_text(line + "\n")
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"))
    assert ran.code == 0
    assert ran.err == f"retouchml: {config}: {said}\n"
    assert load(config)[0] == Settings()


def test_a_device_of_several_may_be_named_by_its_number() -> None:
    assert all(is_device(name) for name in ("auto", "cpu", "mps", "cuda", "cuda:1", "xpu", "xpu:0"))
    assert not any(is_device(name) for name in ("", "gpu", "cpu:0", "xpu:", "xpu:x", "mps:1", "cuda:1000"))


def test_a_bad_value_does_not_spoil_the_good_ones(config: Path) -> None:
    config.write_text("strength = 7\ntexture = 0.25\n")
    assert load(config)[0] == Settings(texture=0.25)


@pytest.mark.parametrize(
    "content", [b"strength = ", b"\xff\xfe", b"strength = 1\nstrength = 0\n", b"x = " + b"[" * 60_000]
)
def test_a_broken_file_is_one_warning(content: bytes, config: Path, run: Run, portrait: Path) -> None:
    config.write_bytes(content)
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"))
    assert ran.code == 0
    assert ran.err.startswith(f"retouchml: {config} is ignored: ")
    assert ran.err.count("\n") == 1


def test_a_folder_in_place_of_the_file_is_one_warning(config: Path) -> None:
    config.mkdir()
    settings, (warning,) = load(config)
    assert settings == Settings()
    assert warning.startswith(f"{config} is ignored: ")


def test_a_mark_of_the_byte_order_does_no_harm(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbfstrength = 0.25\n")
    assert load(config) == (Settings(strength=0.25), ())


def test_sections_belong_to_others(config: Path) -> None:
    config.write_text("strength = 1\n[daemon]\nidle_minutes = 5\n")
    assert load(config) == (Settings(strength=1), ())


def test_a_setting_is_stored_and_every_other_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    store(path, "device", "cpu")
    assert load(path) == (Settings(device="cpu"), ())
    path.write_text('# mine\ndevice = "cpu"  # the slow one\npreset = "clean"\n\n[other]\ndevice = 7\n')
    store(path, "device", "cuda:1")
    store(path, "keep_alive", 2.5)
    assert path.read_text() == (
        '# mine\ndevice = "cuda:1"\npreset = "clean"\n\nkeep_alive = 2.5\n[other]\ndevice = 7\n'
    )
    assert load(path) == (Settings(device="cuda:1", preset="clean", keep_alive=2.5), ())


def test_a_setting_is_unset_and_every_other_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\nlanguage = "de"\npreset = "clean"\n')
    store(path, "language", None)
    assert path.read_text() == '# mine\npreset = "clean"\n'
    store(path, "device", None)
    assert path.read_text() == '# mine\npreset = "clean"\n'


def test_what_cannot_be_used_is_not_stored_and_a_file_with_a_mistake_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    for name, value in (("device", "gpu"), ("keep_alive", -2), ("keep_alive", float("nan"))):
        with pytest.raises(UsageError):
            store(path, name, value)
    assert not path.exists()
    path.write_text("device =")
    with pytest.raises(UsageError, match="cannot be changed"):
        store(path, "preset", "clean")
    assert path.read_text() == "device ="
