"""Cards of AMD and Intel in listings of /sys, as Linux has them."""

from pathlib import Path

import pytest

from install.environment import accelerators


def _node(sys: Path, number: int, version: int) -> None:
    node = sys / "class/kfd/kfd/topology/nodes" / str(number)
    node.mkdir(parents=True)
    (node / "properties").write_text(f"cpu_cores_count 0\ngfx_target_version {version}\nvendor_id 4098\n")


def _card(
    sys: Path, address: str, vendor: str, device: str, kind: str = "0x030000", driver: str = "xe"
) -> None:
    card = sys / "bus/pci/devices" / address
    card.mkdir(parents=True)
    for name, content in (("vendor", vendor), ("device", device), ("class", kind)):
        (card / name).write_text(f"{content}\n")
    drivers = sys / "bus/pci/drivers" / driver
    drivers.mkdir(parents=True, exist_ok=True)
    (card / "driver").symlink_to(drivers)


@pytest.mark.parametrize(
    ("version", "target"),
    [
        (110000, "gfx1100"),  # Radeon RX 7900
        (90010, "gfx90a"),  # Instinct MI200: the last digit is hexadecimal
        (90402, "gfx942"),  # Instinct MI300
        (120001, "gfx1201"),  # Radeon RX 9070
        (90012, ""),  # gfx90c, a processor's small one, for which torch has no build
        (80003, ""),  # Polaris
        (0, ""),  # the node of a processor
    ],
)
def test_targets_of_amd(tmp_path: Path, version: int, target: str) -> None:
    _node(tmp_path, 0, 0)
    _node(tmp_path, 1, version)
    assert accelerators.amd_gpu(tmp_path) == target


def test_the_second_card_counts_if_the_first_is_too_old(tmp_path: Path) -> None:
    _node(tmp_path, 1, 80003)
    _node(tmp_path, 2, 100300)
    assert accelerators.amd_gpu(tmp_path) == "gfx1030"


@pytest.mark.parametrize(
    ("device", "is_found"),
    [
        ("0x56a0", True),  # Arc A770
        ("0xe20b", True),  # Arc B580
        ("0x0bd5", True),  # Data Center GPU Max 1550
        ("0x7d55", True),  # Core Ultra: Meteor Lake H
        ("0x64a0", True),  # Lunar Lake
        ("0x9a49", False),  # Iris Xe of Tiger Lake
        ("0x4680", False),  # UHD 770
    ],
)
def test_cards_of_intel(tmp_path: Path, device: str, is_found: bool) -> None:
    _card(tmp_path, "0000:03:00.0", "0x8086", device)
    assert accelerators.intel_gpu(tmp_path) == (device if is_found else "")


def test_what_is_no_card_or_has_no_driver_of_its_own_does_not_count(tmp_path: Path) -> None:
    _card(tmp_path, "0000:00:00.0", "0x8086", "0x56a0", kind="0x060000")  # a bridge
    _card(tmp_path, "0000:01:00.0", "0x10de", "0x56a0")  # another maker's
    _card(tmp_path, "0000:02:00.0", "0x8086", "0x56a0", driver="vfio-pci")  # given to a virtual machine
    assert accelerators.intel_gpu(tmp_path) == ""
    _card(tmp_path, "0000:03:00.0", "0x8086", "0x56a1", kind="0x038000")
    assert accelerators.intel_gpu(tmp_path) == "0x56a1"


def test_a_machine_without_such_listings(tmp_path: Path) -> None:
    assert accelerators.amd_gpu(tmp_path) == accelerators.intel_gpu(tmp_path) == ""
