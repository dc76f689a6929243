"""Record how the motor of the demo board follows a step of its setpoint, and measure that.

Run it while a server runs with the example firmware or the simulated board at its other end:

    scrutiny demo --keep                      (in another terminal; without hardware)
    python examples/scope.py --ki 1.5 --csv step.csv

It needs neither numpy nor matplotlib; with them (`pip install 'scrutiny-bridge[analysis]'`) samples
are arrays, `acquisition.to_dataframe()` is a table, and `acquisition.plot()` a picture.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingAcquisition,
    DataloggingConfig,
    FixedFreqSamplingRate,
    TriggerCondition,
    XAxisType,
)

# Values that the board publishes; where it has a description, paths of variables and aliases too.
SETPOINT = "/rpv/x1000"
SPEED = "/rpv/x1001"
KI = "/rpv/x1006"

FROM_RPM = 1000.0
TO_RPM = 2000.0
SETTLE_S = 1.5


@dataclass
class StepResponse:
    """How something follows a step; times are in seconds."""

    trigger_s: float
    rise_s: float
    overshoot: float
    final_rpm: float


def configure(client: ScrutinyClient) -> DataloggingConfig:
    """Choose a loop, the signals and the trigger."""
    capabilities = client.get_datalogging_capabilities()
    if capabilities is None:
        sys.exit("This firmware has no datalogger.")
    rate = next(r for r in capabilities.sampling_rates if isinstance(r, FixedFreqSamplingRate))
    decimation = max(1, round(rate.frequency / 1000))  # about 1000 samples per second
    config = DataloggingConfig(rate, decimation, timeout=0.8, name="Step response")
    rpm = config.add_axis("rpm")
    config.add_signal(SETPOINT, rpm, name="setpoint")
    config.add_signal(SPEED, rpm, name="speed")
    config.configure_trigger(
        TriggerCondition.GreaterThan, [SETPOINT, (FROM_RPM + TO_RPM) / 2], position=0.2
    )
    config.configure_xaxis(XAxisType.IdealTime)
    print(f"Recording at {rate.frequency / decimation:.0f} Hz in the loop {rate.name!r}.")
    return config


def record_step(client: ScrutinyClient) -> DataloggingAcquisition:
    """Bring the motor to rest at the first speed, arm, step, and fetch what was recorded."""
    client.write_watchable(SETPOINT, FROM_RPM)
    time.sleep(SETTLE_S)
    request = client.start_datalog(configure(client))
    request.wait_until_armed(timeout=10)  # others may be before us
    time.sleep(0.1)  # something to see before the trigger
    client.write_watchable(SETPOINT, TO_RPM)
    return request.wait_and_fetch(timeout=30)


def measure(acquisition: DataloggingAcquisition) -> StepResponse:
    """Return rise time (10 % to 90 %) and overshoot of the step."""
    speed = acquisition.ydata[1].series.to_list()
    times_s = acquisition.xdata.to_list()
    trigger = acquisition.trigger_index or 0
    before = sum(speed[: trigger + 1]) / (trigger + 1)
    last = speed[-len(speed) // 10 :]
    after = sum(last) / len(last)
    step = after - before

    def reached_s(share: float) -> float:
        level = before + share * step
        return next(
            t for t, y in zip(times_s[trigger:], speed[trigger:], strict=True) if y >= level
        )

    return StepResponse(
        trigger_s=times_s[trigger],
        rise_s=reached_s(0.9) - reached_s(0.1),
        overshoot=(max(speed) - after) / step,
        final_rpm=after,
    )


def main(host: str, port: int, ki: float | None, csv_file: str | None) -> None:
    """Record one step and print what it shows."""
    with ScrutinyClient().connect(host, port) as client:
        client.wait_device_ready(timeout=10)
        if ki is not None:
            client.write_watchable(KI, ki)
        acquisition = record_step(client)
        response = measure(acquisition)
        print(f"Samples    {len(acquisition.xdata)}, trigger at {response.trigger_s * 1000:.1f} ms")
        print(f"Rise time  {response.rise_s * 1000:.1f} ms")
        print(f"Overshoot  {response.overshoot:.1%}")
        print(f"Settles at {response.final_rpm:.0f} rpm")
        if csv_file is not None:
            acquisition.to_csv(csv_file)
            print(f"Saved as   {csv_file}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the step response of the demo's motor.")
    parser.add_argument("--ki", type=float, help="integral gain to try, in V per rpm and second")
    parser.add_argument("--csv", metavar="FILE", help="where to save the samples")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    try:
        main(arguments.host, arguments.port, arguments.ki, arguments.csv)
    except KeyboardInterrupt:
        print("Bye.")
    except exceptions.ScrutinySDKException as error:
        sys.exit(str(error))
