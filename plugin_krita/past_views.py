"""What the docker shows of a document's last results."""

from retouchml.presets import library
from retouchml.presets.preset_file import Preset
from retouchml.result_history import ResultHistory
from retouchml.result_record import ResultRecord
from retouchml.sliders import SLIDERS, STRENGTH

from . import texts
from .view_state import PastView


def past_views(history: ResultHistory) -> tuple[PastView, ...]:
    """The results as the docker shows them, the newest first."""
    if not history.results:
        return ()
    presets, _problems = library.presets()
    return tuple(PastView(each.picture, _title(each.record, presets)) for each in history.results)


def preset_title(preset: Preset) -> str:
    """The title of a preset; those that come with RetouchML are translated."""
    return preset.title if preset.is_own else texts.text(preset.title)


def _title(record: ResultRecord, presets: tuple[Preset, ...]) -> str:
    """The preset of the first face, or the sliders that were set for it."""
    look = record.look
    preset = next((each for each in presets if each.look == look), None)
    if preset is not None:
        return preset_title(preset)
    chosen = [slider for slider in SLIDERS if slider.name == STRENGTH or slider.name in look.edits]
    return ", ".join(f"{texts.text(each.title)} {round(100 * look.value(each.name))}" for each in chosen)
