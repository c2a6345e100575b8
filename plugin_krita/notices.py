"""What the docker says about results and errors."""

from typing import TYPE_CHECKING

from retouchml import sentences
from retouchml.client.placed_commands import placed
from retouchml.errors import RetouchError
from retouchml.system.failures import unexpected

from . import texts
from .view_state import Notice

if TYPE_CHECKING:
    from .layers import Added


def added_notice(added: "Added") -> Notice:
    """That a result is there, or that it cannot be seen."""
    if not added.is_seen:
        sentence = texts.text(texts.DONE_UNSEEN).format(added.name)
        return Notice(sentence, texts.text(texts.DONE_UNSEEN_ADVICE))
    return Notice(texts.text(texts.DONE_IN_PLACE if added.is_in_place else texts.DONE), is_error=False)


def error_notice(error: Exception) -> Notice:
    """What went wrong and what to do."""
    if isinstance(error, RetouchError):
        return Notice(texts.text(error.message), placed(error.advice))
    return Notice(unexpected(error, texts.text), texts.text(sentences.UNEXPECTED_ADVICE))


def layer_deleted() -> Notice:
    """That the layer is gone."""
    return Notice(texts.text(texts.LAYER_DELETED), texts.text(texts.LAYER_DELETED_ADVICE))
