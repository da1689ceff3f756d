"""Which Python runs a function: what each tool leaves behind, by the tools' own rules."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samlive_relay.config import LocalFunction
from samlive_relay.workers import interpreters, managers

NONE = {"HOME": "/nonexistent"}


def python(folder: Path) -> str:
    """Make what looks like an environment; return its interpreter."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    return str(folder / "bin" / "python")


def found(project: Path, developer: dict[str, str], runtime: str = "python3.12") -> str:
    code = project / "functions" / "orders"
    code.mkdir(parents=True, exist_ok=True)
    return interpreters.find(LocalFunction("F", runtime, "a.b", code), project, developer)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".python-version", "3.99\n"),
        (".python-version", "\xff"),
        ("Pipfile", ""),
        ("pyproject.toml", '[tool.poetry]\nname = "shop"\n'),
        ("pyproject.toml", "no toml ["),
        (".venv", "/nowhere\n"),
    ],
)
def test_what_is_not_installed_is_passed_over(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text, encoding="latin-1")
    assert found(project, NONE) == sys.executable


def test_nothing_above_the_project_counts(project: Path) -> None:
    python(project.parent / ".venv")
    assert found(project, NONE) == sys.executable


def test_a_file_may_name_the_environment(project: Path) -> None:
    elsewhere = python(project.parent / "elsewhere")
    (project / ".venv").write_text(f"{project.parent}/elsewhere\n")
    assert found(project, NONE) == elsewhere


def test_uvs_variable_names_the_projects_environment(project: Path) -> None:
    own = python(project / "envs" / "dev")
    assert found(project, {**NONE, "UV_PROJECT_ENVIRONMENT": "envs/dev"}) == sys.executable
    (project / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert found(project, {**NONE, "UV_PROJECT_ENVIRONMENT": "envs/dev"}) == own


def test_the_active_environment_comes_after_the_projects(project: Path) -> None:
    active = python(project.parent / "active")
    developer = {**NONE, "VIRTUAL_ENV": str(project.parent / "active")}
    (project / ".python-version").write_text("3.12")
    assert found(project, developer) == active
    own = python(project / ".venv")
    assert found(project, developer) == own


def test_pyenvs_file_names_a_version(project: Path) -> None:
    versions = project.parent / "pyenv" / "versions"
    developer = {**NONE, "PYENV_ROOT": str(project.parent / "pyenv")}
    pythons = {name: python(versions / name) for name in ("3.12.9", "3.12.10", "3.1.2", "shop")}
    (project / ".python-version").write_text("3.12\n")
    assert found(project, developer) == pythons["3.12.10"]
    (project / ".python-version").write_text("gone\nshop\n")
    assert found(project, developer) == pythons["shop"]
    (project / "functions" / ".python-version").write_text("3.12.9")
    assert found(project, developer) == pythons["3.12.9"]


def test_the_same_file_names_one_of_uvs_own(project: Path) -> None:
    own = python(project.parent / "uv" / "cpython-3.12.4-linux-x86_64-gnu")
    (project / ".python-version").write_text("3.12\n")
    developer = {**NONE, "UV_PYTHON_INSTALL_DIR": str(project.parent / "uv")}
    assert found(project, developer) == own


def test_poetrys_environment_is_that_of_the_runtimes_version(project: Path) -> None:
    cache = project.parent / "cache"
    developer = {**NONE, "POETRY_CACHE_DIR": str(cache)}
    (project / "pyproject.toml").write_text('[tool.poetry]\nname = "My_Shop.x"\n')
    stem = f"my-shop-x-{managers._digest(str(project.resolve()))[:8]}"
    pythons = {
        name: python(cache / "virtualenvs" / f"{stem}-py{name}") for name in ("3.11", "3.12")
    }
    assert found(project, developer, "python3.11") == pythons["3.11"]
    assert found(project, developer, "python3.12") == pythons["3.12"]
    assert found(project, developer, "python3.14") == pythons["3.12"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tool", ["poetry", "pipenv"])
def test_the_tools_themselves_agree(project: Path, tmp_path: Path, tool: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    if subprocess.run([tools / "bin" / "pip", "install", "-q", tool]).returncode != 0:
        pytest.skip(f"{tool} cannot be installed")
    program = str(tools / "bin" / tool)
    if tool == "poetry":
        (project / "pyproject.toml").write_text(
            '[tool.poetry]\nname = "My_Shop.x"\nversion = "1"\ndescription = ""\nauthors = []\n'
            'package-mode = false\n[tool.poetry.dependencies]\npython = "*"\n'
        )
        make, ask = [program, "env", "use", sys.executable], [program, "env", "info", "--path"]
    else:
        (project / "Pipfile").touch()
        make, ask = [program, "--python", sys.executable], [program, "--venv"]
    subprocess.run(make, cwd=project, env=environment, check=True)
    said = subprocess.run(ask, cwd=project, env=environment, capture_output=True, text=True)
    assert found(project, environment, "python3.11") == f"{said.stdout.strip()}/bin/python"
    shutil.rmtree(tools)
