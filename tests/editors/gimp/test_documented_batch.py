"""The batch example of docs/editors.md, run as it stands there."""

import re
import shutil
from pathlib import Path

from tests.conftest import PORTRAIT
from tests.editors.gimp.running import Gimp

_DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "editors.md"


def test_the_batch_example_makes_a_picture_with_the_result_on_a_layer(editor: Gimp) -> None:
    blocks = re.findall(r"^```\n(gimp-console.*?)^```$", _DOCUMENT.read_text(encoding="utf-8"), re.S | re.M)
    (example,) = blocks
    folder = editor.profile / "batch"
    folder.mkdir()
    shutil.copyfile(PORTRAIT, folder / "portrait.png")
    answer = editor.run(f"""
done = subprocess.run(["sh", "-c", {example!r}], cwd={str(folder)!r}, capture_output=True, text=True)
image = load({str(folder / "after.xcf")!r}) if os.path.exists({str(folder / "after.xcf")!r}) else None
answer = [done.returncode, done.stdout + done.stderr, image and names(image)]
""")
    assert answer[0] == 0, answer[1]
    assert answer[2] == ["Background (retouched)", "Background"] or answer[2] == [
        "portrait.png (retouched)",
        "portrait.png",
    ], answer[1]
