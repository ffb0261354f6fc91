"""The four guards of the packaging: the banned names, the list of packages, the wheel, and the links."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tracked files, as from a fresh clone."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode:
        pytest.skip("the source is no git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            (source / name).symlink_to((ROOT / name).readlink())
        elif (ROOT / name).exists():
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", target, source], check=True, capture_output=True
    )
    (built,) = target.glob("*.whl")
    return built


def test_every_package_is_listed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "xaigrad").glob("**/__init__.py")}
    folders |= {path.parent.relative_to(ROOT) for top in ("integrations", "benchmarks") for path in _packages(top)}
    names = {".".join(folder.parts) for folder in folders}
    expected = {name if name.startswith("xaigrad") else f"xaigrad.{name}" for name in names}
    assert listed == expected


def _packages(top: str) -> list[Path]:
    return list((ROOT / top).glob("**/__init__.py"))


def test_links_are_relative_and_lead_to_the_folders() -> None:
    for name in ("integrations", "benchmarks"):
        link = ROOT / "xaigrad" / name
        assert link.is_symlink()
        assert link.readlink() == Path("..") / name


def test_bare_names_are_banned() -> None:
    script = "import benchmarks\nfrom integrations import dcgan\n"
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", "tests/x.py", "-"],
        input=script,
        text=True,
        capture_output=True,
        cwd=ROOT,
    )
    assert found.stdout.count("TID251") == 2, found.stdout + found.stderr


def test_wheel_holds_one_top_level_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"xaigrad"}
    assert "xaigrad/py.typed" in names
    assert "xaigrad/integrations/mlp.py" in names
    assert {name for name in names if name.endswith(".safetensors")} == {
        "xaigrad/benchmarks/weights/lenet-mnist.safetensors",
        "xaigrad/benchmarks/weights/lenet-fashion-mnist.safetensors",
    }


def test_wheel_serves_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    """The wheel alone in an environment that borrows the installed third parties, outside the repository."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment, "--without-pip"], check=True)
    python = environment / "bin" / "python"
    pure = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    target = Path(pure.stdout.strip())
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel],
        check=True,
        cwd=tmp_path,
    )
    # The third parties only: the development install of xaigrad itself lives in .pth files, which a path does not read.
    third_parties = str(Path(pytest.__file__).parents[1])
    environ = {"PYTHONPATH": third_parties, "PATH": ""}
    script = (
        "import importlib.util, xaigrad, xaigrad.integrations.dcgan, xaigrad.benchmarks.cli\n"
        "print(xaigrad.__file__, importlib.util.find_spec('integrations'), importlib.util.find_spec('benchmarks'))"
    )
    imported = subprocess.run(
        [python, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert imported.stdout.split() == [str(target / "xaigrad" / "__init__.py"), "None", "None"]
    shown = subprocess.run(
        [environment / "bin" / "xaigrad", "demo", "--help"], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert "--epochs" in shown.stdout


def test_core_needs_torch_alone() -> None:
    """Importing the library imports none of the extras."""
    script = (
        "import sys, xaigrad, xaigrad.references, xaigrad.integrations.mlp\n"
        "print({'captum', 'shap', 'typer', 'rich', 'torchvision', 'torch_fidelity', 'scipy'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_command_line_says_what_to_install() -> None:
    """Without the extras the command line is one line of advice and exit code 2."""
    script = "import sys; sys.modules['typer'] = None; from xaigrad.__main__ import main; main()"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.strip() == (
        'xaigrad: the command line needs typer. Install it with: pip install "xaigrad[bench]"'
    )
