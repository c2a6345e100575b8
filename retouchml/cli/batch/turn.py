"""A picture of a batch on its way."""

from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from retouchml.cli.batch.outcomes import Said
from retouchml.cli.batch.ride import Ride
from retouchml.cli.output_files import OutputFiles


@dataclass
class Turn:
    """Its files and its claim, and then what its threads return.

    here: its files, with the copy of the picture that is on this machine
    """

    files: OutputFiles
    claim: ExitStack = field(default_factory=ExitStack)
    claim_name: str = ""
    replaces: bool = False
    picture: "Future[Any] | None" = None
    ride: "Ride | None" = None
    failure: Exception | None = None
    note: str = ""
    here: "OutputFiles | None" = None
    said: "Future[Said] | None" = None
