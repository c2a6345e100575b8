"""What the docker shows of the last results."""

from plugin_krita.past_views import past_views
from plugin_krita.view_state import PastView
from retouchml.look import Look
from retouchml.result_history import PastResult, ResultHistory
from retouchml.result_record import FaceRecord, ResultRecord


def past(look: Look) -> PastResult:
    return PastResult(ResultRecord("layer", (FaceRecord((1, 2, 3, 4), look),)), b"png")


def test_a_result_is_called_by_its_preset_or_by_the_sliders_that_were_set() -> None:
    history = ResultHistory((past(Look.preset("studio")), past(Look(0.31, edits={"smile": -0.2}))))
    assert past_views(history) == (PastView(b"png", "Studio"), PastView(b"png", "Strength 31, Smile -20"))
    assert past_views(ResultHistory()) == ()
