"""What can be asked for, and what it becomes on its way to the server."""

from __future__ import annotations

from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk import datalogging
from scrutiny.sdk._channel import Channel
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._update_callbacks import UpdateCallbacks
from scrutiny.sdk.batch import Writer
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    AxisDefinition,
    DataloggingConfig,
    TriggerCondition,
    XAxisType,
)
from scrutiny.sdk.watchable_handle import WatchableHandle
from tests.unit.sdk.core_bench import make_core, watch


def config_with_signal() -> DataloggingConfig:
    config = DataloggingConfig(0)
    config.add_signal("/speed", config.add_axis("rpm"))
    return config


def handle_of(path: str) -> WatchableHandle:
    """Return a handle as ``watch`` makes it, of a client that is connected to nothing."""
    core: ClientCore = make_core()
    channel = Channel(core, 1.0)
    writer, callbacks = Writer(channel, 1.0), UpdateCallbacks(channel)
    return WatchableHandle(ScrutinyClient(), channel, writer, watch(core, path, "1"), callbacks)


# --------------------------------------------------------------------- enumerations


def test_conditions_and_axis_types_have_the_names_of_the_messages() -> None:
    assert {condition.name: condition.to_str() for condition in TriggerCondition} == {
        "AlwaysTrue": "true",
        "Equal": "eq",
        "NotEqual": "neq",
        "LessThan": "lt",
        "LessOrEqualThan": "let",
        "GreaterThan": "gt",
        "GreaterOrEqualThan": "get",
        "ChangeMoreThan": "cmt",
        "IsWithin": "within",
    }
    assert {kind.name: kind.to_str() for kind in XAxisType} == {
        "Indexed": "index",
        "IdealTime": "ideal_time",
        "MeasuredTime": "measured_time",
        "Signal": "signal",
    }


@pytest.mark.parametrize("kind", [TriggerCondition, XAxisType])
def test_members_are_found_by_their_names_in_messages(
    kind: type[TriggerCondition] | type[XAxisType],
) -> None:
    assert [kind.from_str(member.to_str()) for member in kind] == list(kind)
    with pytest.raises(ValueError, match="sometimes"):
        kind.from_str("sometimes")


def test_each_condition_tells_how_many_operands_it_takes() -> None:
    counts = {condition.to_str(): condition.required_operands() for condition in TriggerCondition}

    assert counts.pop("true") == 0
    assert counts.pop("within") == 3
    assert set(counts.values()) == {2}


# --------------------------------------------------------------------- the whole of it


def test_a_configuration_becomes_one_command() -> None:
    rate = sdk.FixedFreqSamplingRate(3, "fast", 1e4)
    config = DataloggingConfig(rate, decimation=2, timeout=5, name="step response")
    rpm, current = config.add_axis("rpm"), config.add_axis("A")
    config.add_signal("alias//speed/", rpm)
    config.add_signal("/motor/current", 1, "phase U")
    config.configure_trigger(TriggerCondition.GreaterThan, ["/alias/speed", 100], 0.25, 0.5)
    config.configure_xaxis(XAxisType.Signal, "/motor/angle", "angle")

    assert (rpm, current) == (AxisDefinition("rpm", 0), AxisDefinition("A", 1))
    assert config.make_command("the client") == api.RequestAcquisition(
        sampling_rate_id=3,
        decimation=2,
        timeout=5,
        trigger_hold_time=0.5,
        probe_location=0.25,
        condition="gt",
        operands=[
            api.TriggerOperand("watchable", "/alias/speed"),
            api.TriggerOperand("literal", 100),
        ],
        yaxes=[api.DataloggingAxis(0, "rpm"), api.DataloggingAxis(1, "A")],
        signals=[
            api.LoggedSignal("/alias/speed", 0, "speed"),
            api.LoggedSignal("/motor/current", 1, "phase U"),
        ],
        x_axis_type="signal",
        x_axis_signal=api.XAxisSignal("/motor/angle", "angle"),
        name="step response",
        queue=True,
        requested_by="the client",
    )


def test_the_defaults_are_those_of_the_manual() -> None:
    command = config_with_signal().make_command("")

    assert (command.decimation, command.timeout, command.trigger_hold_time) == (1, 0, 0)
    assert (command.condition, command.operands, command.probe_location) == ("true", [], 0.5)
    assert (command.x_axis_type, command.x_axis_signal, command.name) == ("index", None, "")


def test_handles_stand_for_their_paths() -> None:
    speed = handle_of("/alias/speed")
    config = DataloggingConfig(0)
    config.add_signal(speed, config.add_axis("rpm"))
    config.configure_trigger(TriggerCondition.Equal, [speed, 1])
    config.configure_xaxis(XAxisType.Signal, speed)

    command = config.make_command("")
    assert command.signals == [api.LoggedSignal("/alias/speed", 0, "speed")]
    assert command.operands[0] == api.TriggerOperand("watchable", "/alias/speed")
    assert command.x_axis_signal == api.XAxisSignal("/alias/speed", "speed")


def test_a_command_does_not_change_with_its_configuration() -> None:
    config = config_with_signal()
    command = config.make_command("")

    config.add_signal("/other", config.add_axis("more"))

    assert (len(command.signals), len(command.yaxes)) == (1, 1)


def test_nothing_to_record_is_refused_before_anything_is_sent() -> None:
    config = DataloggingConfig(0)
    config.add_axis("rpm")

    with pytest.raises(ValueError, match="add_signal"):
        config.make_command("")


# --------------------------------------------------------------------- rules, one by one


@pytest.mark.parametrize("rate", [-1, True, 1.0, "0", None])
def test_a_sampling_rate_is_one_or_its_number(rate: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="sampling_rate"):
        DataloggingConfig(rate)


@pytest.mark.parametrize("decimation", [0, -1, 0x10000, 1.0, True, "1", None])
def test_a_decimation_has_the_16_bits_of_the_device(decimation: Any) -> None:
    """Above that, some servers end their datalogging instead of refusing."""
    with pytest.raises((TypeError, ValueError), match="decimation"):
        DataloggingConfig(0, decimation)


def test_the_limits_themselves_are_allowed() -> None:
    config = DataloggingConfig(0, decimation=0xFFFF, timeout=429)
    config.add_signal("/speed", config.add_axis("rpm"))
    config.configure_trigger(TriggerCondition.AlwaysTrue, [], position=1, hold_time=429)

    command = config.make_command("")
    assert (command.decimation, command.timeout) == (0xFFFF, 429)
    assert (command.probe_location, command.trigger_hold_time) == (1, 429)


@pytest.mark.parametrize("seconds", [-0.1, 429.1, float("nan"), float("inf"), True, "1", None])
def test_times_are_those_that_the_device_can_count(seconds: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="timeout"):
        DataloggingConfig(0, timeout=seconds)
    with pytest.raises((TypeError, ValueError), match="hold_time"):
        config_with_signal().configure_trigger(TriggerCondition.AlwaysTrue, hold_time=seconds)


@pytest.mark.parametrize("name", [None, 1, b"name"])
def test_names_are_text(name: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        DataloggingConfig(0, name=name)
    with pytest.raises(TypeError, match="name"):
        DataloggingConfig(0).add_axis(name)


@pytest.mark.parametrize("index", [-1, 1, 1 << 70])
def test_an_axis_that_there_is_not_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError):
        config_with_signal().add_signal("/speed", index)


def test_an_axis_of_another_configuration_is_refused_although_it_looks_the_same() -> None:
    with pytest.raises(ValueError, match="add_axis"):
        config_with_signal().add_signal("/speed", DataloggingConfig(0).add_axis("rpm"))
    with pytest.raises(ValueError, match="add_axis"):
        config_with_signal().add_signal("/speed", AxisDefinition("rpm", 0))


@pytest.mark.parametrize("axis", [True, 0.0, "rpm", None])
def test_an_axis_is_one_or_its_number(axis: Any) -> None:
    with pytest.raises(TypeError, match="axis"):
        config_with_signal().add_signal("/speed", axis)


@pytest.mark.parametrize("signal", [None, 1, b"/speed", ["/speed"]])
def test_a_signal_is_a_path_or_a_handle(signal: Any) -> None:
    with pytest.raises(TypeError):
        config_with_signal().add_signal(signal, 0)


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(ValueError, match="path"):
        config_with_signal().add_signal("//", 0)


@pytest.mark.parametrize("name", [1, b"speed"])
def test_the_name_of_a_signal_is_text(name: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        config_with_signal().add_signal("/speed", 0, name)
    with pytest.raises(TypeError, match="name"):
        config_with_signal().configure_xaxis(XAxisType.Signal, "/speed", name)


@pytest.mark.parametrize(
    ("condition", "count"),
    [(c, n) for c in TriggerCondition for n in range(5) if n != c.required_operands()],
)
def test_too_many_or_too_few_operands_are_refused(condition: TriggerCondition, count: int) -> None:
    with pytest.raises(ValueError, match="operands"):
        config_with_signal().configure_trigger(condition, [1.0] * count)


@pytest.mark.parametrize("condition", ["eq", None, 1])
def test_a_condition_is_one_of_the_enumeration(condition: Any) -> None:
    with pytest.raises(TypeError, match="TriggerCondition"):
        config_with_signal().configure_trigger(condition, [1, 2])


@pytest.mark.parametrize("operand", [None, b"/speed", 1j, ["/speed"]])
def test_an_operand_is_a_number_a_path_or_a_handle(operand: Any) -> None:
    with pytest.raises(TypeError, match="operand"):
        config_with_signal().configure_trigger(TriggerCondition.Equal, ["/speed", operand])


@pytest.mark.parametrize("operand", [float("nan"), float("inf"), 10**400, ""])
def test_an_operand_can_be_written_in_a_message(operand: Any) -> None:
    with pytest.raises(ValueError, match=r"operand|path"):
        config_with_signal().configure_trigger(TriggerCondition.Equal, ["/speed", operand])


def test_a_bool_is_an_operand_since_variables_are_compared_with_it() -> None:
    config = config_with_signal()
    config.configure_trigger(TriggerCondition.Equal, ["/is_on", True])

    assert config.make_command("").operands[1] == api.TriggerOperand("literal", True)


@pytest.mark.parametrize("operands", ["ab", 1, {1, 2}])
def test_operands_are_a_list(operands: Any) -> None:
    with pytest.raises(TypeError, match="operands"):
        config_with_signal().configure_trigger(TriggerCondition.Equal, operands)


@pytest.mark.parametrize("position", [-0.01, 1.01, float("nan"), True, "0.5", None])
def test_the_trigger_stands_somewhere_in_the_recording(position: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="position"):
        config_with_signal().configure_trigger(TriggerCondition.AlwaysTrue, position=position)


def test_a_trigger_that_is_refused_leaves_the_one_before() -> None:
    config = config_with_signal()
    config.configure_trigger(TriggerCondition.Equal, ["/a", 1], 0.1, 2)
    before = config.make_command("")

    with pytest.raises(ValueError, match="hold_time"):
        config.configure_trigger(TriggerCondition.LessThan, ["/b", 3], 0.2, hold_time=-1)

    assert config.make_command("") == before


def test_an_x_axis_that_is_a_signal_needs_one() -> None:
    with pytest.raises(ValueError, match="needs a signal"):
        config_with_signal().configure_xaxis(XAxisType.Signal)


@pytest.mark.parametrize("kind", [k for k in XAxisType if k is not XAxisType.Signal])
def test_an_x_axis_that_is_none_takes_no_signal(kind: XAxisType) -> None:
    with pytest.raises(ValueError, match="takes no signal"):
        config_with_signal().configure_xaxis(kind, "/speed")


def test_an_x_axis_is_one_of_the_enumeration() -> None:
    wrong: Any = "index"
    with pytest.raises(TypeError, match="XAxisType"):
        config_with_signal().configure_xaxis(wrong)


def test_the_ideal_time_needs_a_fixed_frequency() -> None:
    config = DataloggingConfig(sdk.VariableFreqSamplingRate(1, "idle"))
    config.configure_xaxis(XAxisType.MeasuredTime)

    with pytest.raises(ValueError, match="MeasuredTime"):
        config.configure_xaxis(XAxisType.IdealTime)


# --------------------------------------------------------------------- what is offered


def test_the_module_offers_its_own_names_and_the_definitions() -> None:
    names: list[str] = vars(datalogging)["__all__"]
    offered: dict[str, object] = {}
    exec("from scrutiny.sdk.datalogging import *", offered)

    assert [name for name in names if name not in offered] == []
    assert set(sdk.__all__) <= set(names)
    assert datalogging.DataloggingState is sdk.DataloggerState
