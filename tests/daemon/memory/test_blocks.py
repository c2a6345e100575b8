from daemon.memory.blocks import Block


def test_an_empty_block_can_be_mapped() -> None:
    block = Block.of([b""])
    assert bytes(block.map()) == b""
    block.close()
