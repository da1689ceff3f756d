"""Which variables a function sees: refusals first."""

from pathlib import Path

import pytest

from samlive_relay.config import LocalFunction
from samlive_relay.workers import environment, interpreters

DEVELOPER = {
    "PATH": "/usr/bin",
    "HOME": "/home/ana",
    "AWS_PROFILE": "ana",
    "AWS_ACCESS_KEY_ID": "AKIADEVELOPER",
    "AWS_ENDPOINT_URL": "http://developer",
    "VIRTUAL_ENV": "/venv",
    "PYTHONPATH": "/developer",
    "GITHUB_TOKEN": "secret",
}


def function(**values: object) -> LocalFunction:
    given = {
        "logical_id": "F",
        "runtime": "python3.12",
        "handler": "app.handler",
        "code": Path("/code"),
    }
    return LocalFunction(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(set(DEVELOPER) - {"PATH", "HOME"}))
def test_the_developers_own_variables_do_not_pass(name: str) -> None:
    assert name not in environment.build(function(), {}, DEVELOPER)


@pytest.mark.parametrize("name", sorted(environment.OF_THE_STUB - {"PATH", "_HANDLER", "HOME"}))
def test_what_describes_the_stub_does_not_pass(name: str) -> None:
    built = environment.build(function(), {name: "of the stub"}, DEVELOPER)
    assert built.get(name) != "of the stub"


def test_the_developers_profile_files_cannot_be_found() -> None:
    built = environment.build(function(), {}, DEVELOPER)
    assert built["AWS_CONFIG_FILE"] == built["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_what_the_transform_set_aside_comes_back_under_its_name() -> None:
    remote = {"SAMLIVE_ENV_PYTHONPATH": "/var/task/lib", "SAMLIVE_ENV_NODE_OPTIONS": "-x"}
    built = environment.build(function(), remote, DEVELOPER)
    assert built["PYTHONPATH"] == "/var/task/lib"
    assert built["NODE_OPTIONS"] == "-x"
    assert not [name for name in built if name.startswith("SAMLIVE")]


def test_the_remote_endpoint_passes() -> None:
    """An offline execution environment brings it; on AWS there is none."""
    built = environment.build(function(), {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, DEVELOPER)
    assert built["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


def test_a_runtime_of_ones_own_has_no_execution_environment_name() -> None:
    built = environment.build(function(runtime="provided.al2023"), {}, DEVELOPER)
    assert "AWS_EXECUTION_ENV" not in built


def test_layers_are_where_each_runtime_looks(tmp_path: Path) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    for layer in (low, high):
        (layer / "lib").mkdir(parents=True)
        (layer / "nodejs" / "node_modules").mkdir(parents=True)
        (layer / "python").mkdir()
    layered = function(layers=(low, high), runtime="nodejs20.x")
    built = environment.build(layered, {}, DEVELOPER)
    assert built["PATH"] == f"/usr/bin:{high}/bin:{low}/bin"
    assert built["LD_LIBRARY_PATH"] == f"{high}/lib:{low}/lib"
    assert built["NODE_PATH"] == f"{high}/nodejs/node_modules:{low}/nodejs/node_modules"
    assert environment.python_layer_paths(layered) == [f"{high}/python", f"{low}/python"]


def test_layers_of_ruby_are_gems_and_libraries(tmp_path: Path) -> None:
    (tmp_path / "ruby" / "gems" / "3.3.0").mkdir(parents=True)
    (tmp_path / "ruby" / "lib").mkdir()
    built = environment.build(function(layers=(tmp_path,), runtime="ruby3.3"), {}, DEVELOPER)
    assert built["GEM_PATH"] == f"{tmp_path}/ruby/gems/3.3.0:"
    assert built["RUBYLIB"] == f"{tmp_path}/ruby/lib"
    other = environment.build(function(layers=(tmp_path,), runtime="ruby3.4"), {}, DEVELOPER)
    assert "GEM_PATH" not in other


def make_venv(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
    return folder / "bin" / "python"


def test_the_nearest_virtual_environment_runs_a_function(tmp_path: Path) -> None:
    code = tmp_path / "src" / "orders"
    code.mkdir(parents=True)
    active = make_venv(tmp_path.parent / f"{tmp_path.name}-active", "3.10.1")
    orders = function(code=code)
    none: dict[str, str] = {}
    assert interpreters.find(orders, tmp_path, none).endswith(("python", "python3", "python3.11"))
    environ = {"VIRTUAL_ENV": str(active.parent.parent)}
    assert interpreters.find(orders, tmp_path, environ) == str(active)
    projects = make_venv(tmp_path / ".venv", "3.12.4")
    assert interpreters.find(orders, tmp_path, environ) == str(projects)
    own = make_venv(code / "venv", "3.13.0")
    assert interpreters.find(orders, tmp_path, environ) == str(own)


def test_a_version_is_told_only_when_it_differs(tmp_path: Path) -> None:
    python = make_venv(tmp_path / ".venv", "3.12.4")
    assert interpreters.mismatch(function(runtime="python3.12"), str(python)) == ""
    text = interpreters.mismatch(function(runtime="python3.13"), str(python))
    assert "python3.13 runs locally on Python 3.12" in text
