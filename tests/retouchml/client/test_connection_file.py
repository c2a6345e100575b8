from pathlib import Path

import pytest

from retouchml.client import connection_file
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"endpoint": "tcp://a:1", "server_public": "x"}'])
def test_a_damaged_connection_file_is_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "connection.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(Refused):
        connection_file.read(file)


def test_keys_are_not_shown_where_a_connection_is_printed() -> None:
    keys = Connection("tcp://a:1", "p" * 40, "c" * 40, "s" * 40, "t" * 40)
    assert "ssss" not in repr(keys)
    assert "tttt" not in repr(keys)
