from __future__ import annotations

from scrutiny.cli.text_table import table


def test_columns_in_which_nothing_is_are_left_out() -> None:
    rows = [
        ("/dev/ttyACM0", "ST", None, "STLink\x1b[31m", ""),
        ("/dev/ttyS0", None, None, None, None),
    ]
    assert table(("Port", "Vendor", "Serial number", "Product", "Location"), rows) == [
        "Port          Vendor  Product",
        "/dev/ttyACM0  ST      STLink�[31m",
        "/dev/ttyS0    -       -",
    ]
