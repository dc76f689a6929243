"""Recordings where numpy, pandas and matplotlib are not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.sdk.acquisition_bench import make_acquisition

ROOT = Path(__file__).resolve().parents[3]

# Runs in a process of its own, where an import of these packages fails as if they were missing.
PROGRAM = """
import sys
for package in ("numpy", "pandas", "matplotlib"):
    sys.modules[package] = None

from array import array
from scrutiny.sdk.datalogging import DataSeries
from tests.unit.sdk.acquisition_bench import make_acquisition, shown_in_a_notebook

def refusal(work):
    try:
        work()
    except ImportError as error:
        return str(error)

acquisition = make_acquisition()
state, speed, _ = (entry.series for entry in acquisition.ydata)
assert type(state.data) is type(speed.data) is array
assert (state.data.typecode, speed.data.typecode) == ("q", "d")
assert DataSeries([1 << 63]).data.typecode == "Q"
assert state.to_list() == [1, 2, (1 << 63) - 1]
assert list(state.data) == list(state.data[:]) == state.data.tolist()
assert (len(state), state.data[1]) == (3, 2)
assert repr(state) == "<DataSeries 'state': 3 samples of int64>"

assert refusal(state.to_numpy) == (
    "numpy is not installed: pip install 'scrutiny-bridge[analysis]'"
)
assert refusal(acquisition.to_dataframe).startswith("pandas is not installed: pip install")
assert refusal(acquisition.plot).startswith("matplotlib is not installed: pip install")

html = shown_in_a_notebook(acquisition)
assert "<td>speed</td><td>rpm</td><td>98</td><td>101.5</td>" in html
assert "pip install &#x27;scrutiny-bridge[analysis]&#x27;" in html

acquisition.to_csv(sys.argv[1])
assert not [package for package in ("numpy", "pandas", "matplotlib") if sys.modules[package]]
"""


def test_everything_but_the_analysis_works(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "without.csv")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.stderr == ""
    assert run.returncode == 0
    make_acquisition().to_csv(tmp_path / "with.csv")
    assert (tmp_path / "without.csv").read_bytes() == (tmp_path / "with.csv").read_bytes()
