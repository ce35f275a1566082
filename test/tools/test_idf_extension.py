"""The extension of idf.py, without idf.py: its actions, and the options that both sides have."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

import click
import pytest
from click.testing import CliRunner
from hotreload import idf_extension
from hotreload.cli import main
from project import TOOLS


def as_click(option: Dict[str, Any]) -> click.Option:
    """As idf.py makes an option from what an extension returns."""
    settings = {key: value for key, value in option.items() if key not in ("names", "scope")}
    return click.Option(option["names"], **settings)


def actions() -> Dict[str, Any]:
    found: Dict[str, Any] = idf_extension.action_extensions({}, "")["actions"]
    return found


@pytest.mark.parametrize("action", ["reload", "watch", "hotreload-status", "hotreload-gdb"])
def test_actions_take_the_options_of_the_command_line(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = actions()[action]
    options = [as_click(one) for one in described["options"]]
    local = [
        one.name
        for one, given in zip(options, described["options"])
        if given.get("scope") != "global"
    ]
    wanted = main.commands[action.replace("hotreload-", "")].params
    only_there = {"build", "baud", "as_json"}
    assert {one.name for one in options} == {one.name for one in wanted} - only_there
    assert all(one.help for one in options)

    arguments = type("Arguments", (), {"build_dir": str(tmp_path), "port": None, "verbose": False})
    run_global_callbacks(arguments)
    monkeypatch.delenv("IDF_TARGET", raising=False)
    monkeypatch.delenv("HOTRELOAD_PORT", raising=False)
    with pytest.raises(SystemExit) as ended:  # There is no build: every action says so.
        described["callback"](action, None, arguments, **{str(name): None for name in local})
    assert ended.value.code != 0


def run_global_callbacks(arguments: Any, *tasks: str) -> None:
    """What idf.py does before its first task."""
    named = [type("Task", (), {"name": name}) for name in tasks]
    for callback in idf_extension.action_extensions({}, "")["global_action_callbacks"]:
        callback(None, arguments, named)


def watch(port: Optional[str], found: Optional[str] = None, **options: Any) -> None:
    """`idf.py watch`, with the options that matter here; `found`: after a flash at this port."""
    given = {"url": None, "debounce": 0.0, "wait": None, "verbose": False, "whole": False}
    values = {**given, "is_all": False, "flash": True, "build": "build", **options}
    fields = {"build_dir": values.pop("build"), "port": port, "baud": 460800, "verbose": False}
    arguments = type("Arguments", (), fields)
    run_global_callbacks(arguments)
    if found:
        arguments.port = found  # type: ignore[attr-defined]
    actions()["watch"]["callback"]("watch", None, arguments, **values)


def test_flash_gets_the_port_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The build's target `flash` reads the environment."""
    seen: Dict[str, Optional[str]] = {}

    def run(options: Any, debounce: float) -> None:
        seen.update({name: os.environ.get(name) for name in ("ESPPORT", "ESPBAUD")})
        seen["is_all"] = str(options.where.is_all)

    monkeypatch.setattr("hotreload.commands.watch.watch", run)
    monkeypatch.delenv("IDF_TARGET", raising=False)
    for name in ("ESPPORT", "ESPBAUD", "HOTRELOAD_PORT"):
        monkeypatch.setenv(name, "")
    watch("/dev/ttyBoard", is_all=True)
    assert seen == {"ESPPORT": "/dev/ttyBoard", "ESPBAUD": "460800", "is_all": "True"}


@pytest.mark.parametrize("task, port", [("hotreload-flash", "/dev/ttyBoard"), ("build", "")])
def test_flash_of_the_module_gets_the_port(
    monkeypatch: pytest.MonkeyPatch, task: str, port: str
) -> None:
    """It is a target that idf.py does not know."""
    monkeypatch.setenv("ESPPORT", "")
    monkeypatch.setenv("ESPBAUD", "")
    arguments = type("Arguments", (), {"port": "/dev/ttyBoard", "baud": 460800})
    run_global_callbacks(arguments, task)
    assert os.environ["ESPPORT"] == port


def test_all_boards_though_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """README has it exported. What is typed is a contradiction, and said to be one."""
    seen: List[Optional[str]] = []
    monkeypatch.setattr("hotreload.commands.watch.watch", lambda o, d: seen.append(o.where.url))
    monkeypatch.delenv("IDF_TARGET", raising=False)
    monkeypatch.setenv("HOTRELOAD_URL", "http://board")
    for url in ("http://board", "http://typed"):
        watch(None, is_all=True, url=url)
    assert seen == [None, "http://typed"]


URL, TYPED = "http://board", "http://typed"


@pytest.mark.parametrize(
    "typed, found, url, taken",
    [
        ("/dev/typed", None, URL, (None, "/dev/typed")),
        ("/dev/typed", None, TYPED, (TYPED, "/dev/own")),  # -p is that of a flash before it
        ("/dev/esp", None, URL, (URL, "/dev/own")),  # idf.py takes it from ESPPORT
        (None, "/dev/found", URL, (URL, "/dev/own")),  # by `idf.py flash watch`
        ("/dev/typed", None, None, (None, "/dev/typed")),
        (None, None, None, (None, "/dev/own")),
    ],
)
@pytest.mark.parametrize("is_serial", [True, False])
def test_typed_port_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: Optional[str], found: Optional[str],
    url: Optional[str], taken: Any, is_serial: bool
) -> None:  # fmt: skip
    """If the firmware takes requests there: else it is only for flashing."""
    seen: List[Any] = []
    monkeypatch.setattr("hotreload.commands.watch.watch", lambda o, d: seen.append(o.where[:2]))
    monkeypatch.delenv("IDF_TARGET", raising=False)
    for name, value in (("HOTRELOAD_URL", URL), ("HOTRELOAD_PORT", "/dev/own"), ("ESPPORT", "/dev/esp")):
        monkeypatch.setenv(name, value)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sdkconfig.json").write_text(json.dumps({"HOTRELOAD_SERIAL": is_serial}))
    watch(typed, found, url=url, flash=False, build=str(tmp_path))
    assert seen == [taken if is_serial else (url, "/dev/own")]


@pytest.mark.parametrize("option", ["--wait nan", "--debounce inf", "--baud 99999999999"])
def test_numbers_that_are_none(option: str) -> None:
    result = CliRunner().invoke(main, ["watch", *option.split()])
    assert result.exit_code == 2 and "Invalid value for" in result.output


def test_flash_beside_the_monitor_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        watch(None, background=True)
    assert "--flash needs the port" in str(ended.value)


def test_little_is_imported_before_it_is_needed() -> None:
    """Every command of idf.py loads the extension."""
    shown = "import sys, hotreload.idf_extension; print(*sys.modules, sep='\\n')"
    output = subprocess.run(
        [sys.executable, "-c", shown],
        env={**os.environ, "PYTHONPATH": TOOLS},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout
    own = {name for name in output.split() if name.startswith("hotreload.")}
    needed = ("errors", "files", "idf_extension", "interrupt", "options", "report")
    assert "hotreload.idf_extension" in own <= {f"hotreload.{name}" for name in needed}


def test_extension_is_loaded_once() -> None:
    assert "actions" not in idf_extension.action_extensions({"actions": actions()}, "")


def fail_as_on_another_drive(*_: str) -> str:
    raise ValueError("path is on mount 'D:', start on mount 'C:'")


def test_extension_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "idf_ext.py"
    for _ in range(2):
        assert CliRunner().invoke(main, ["idf-ext", "--project-dir", str(tmp_path)]).exit_code == 0
    assert "hotreload.idf_extension" in path.read_text()
    monkeypatch.setattr(os.path, "relpath", fail_as_on_another_drive)
    path.unlink()
    assert repr(str(TOOLS)) in Path(idf_extension.install_project_extension(str(tmp_path))).read_text()
    path.write_text("own = 1\n")
    result = CliRunner().invoke(main, ["idf-ext", "--project-dir", str(tmp_path)])
    assert result.exit_code == 1 and path.read_text() == "own = 1\n"
