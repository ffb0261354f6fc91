"""A user's own code, named on the command line: ``module:attribute`` or ``path/to/file.py:attribute``."""

import importlib
import importlib.util
import os
import sys
import sysconfig
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.errors import UsageError

_LONGEST = 300
_OURS = str(Path(__file__).resolve().parents[1])
_OTHERS = (*{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}, "<frozen", "<string", _OURS)


def imported(parameter: str, text: str) -> Any:
    """Return what a text names in a user's code.

    The current folder can be imported from, as under ``python -m``; of a file, its folder, as under ``python FILE``.
    Both stay so, for what the code imports later.

    Args:
        parameter: The option that the text was given to, for messages.
        text: ``module:attribute`` or ``path/to/file.py:attribute``; an attribute may have dots.

    Raises:
        UsageError: If it does not read so, there is no such module or attribute, or the module cannot be imported.

    Example:
        >>> imported("pair", "xaigrad.integrations.mlp:make_pair").__name__
        'make_pair'
    """
    place, _, attributes = text.rpartition(":")
    if not place or not all(map(str.isidentifier, attributes.split("."))):
        raise UsageError(
            f"Parameter `{parameter}` should read MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE. Found {text!r}. For example "
            "mymodule:make_pair or path/to/file.py:make_pair."
        )
    value: Any = _file(parameter, Path(place)) if place.endswith(".py") else _module(parameter, place)
    for number, attribute in enumerate(attributes.split(".")):
        try:
            value = getattr(value, attribute)
        except AttributeError:
            within = ".".join([place, *attributes.split(".")[:number]])
            close = get_close_matches(attribute, (name for name in dir(value) if name[:1] != "_"), n=1)
            cure = f"Did you mean {close[0]}?" if close else "Check its name."
            raise UsageError(
                f"Parameter `{parameter}` should name something that is there. Found no {attribute} in {within}. {cure}"
            ) from None
    return value


@contextmanager
def users_code(parameter: str, doing: str, cure: str = "Mend it.") -> Iterator[None]:
    """Turn an exception of a user's code into one line that says what it was, and where.

    Args:
        parameter: The option that named it, for messages.
        doing: What is being done with it.
        cure: What might help.

    Raises:
        UsageError: For every exception inside; that of a script which ends the process, too.
    """
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        said = said.rstrip(".") if len(said) <= _LONGEST else f"{said[:_LONGEST]} [...]"
        if isinstance(error, SystemExit):
            cure = 'Put what is to run as a script alone under if __name__ == "__main__".'
        raise UsageError(
            f"Parameter `{parameter}` should name code that runs. Found {type(error).__name__} when {doing}"
            f"{_line(error)}: {said or 'it says nothing more'}. {cure}"
        ) from error


def _line(error: BaseException) -> str:
    """Return the innermost line of the user's own that an exception came from, if there is one."""
    if isinstance(error, SyntaxError) and error.filename:
        return f", at {_short(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_OTHERS)]
    return f", at {_short(own[-1].filename)}:{own[-1].lineno}" if own else ""


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _module(parameter: str, name: str) -> ModuleType:
    _reach(Path.cwd())
    importlib.invalidate_caches()
    try:
        with users_code(parameter, f"{name} was imported"):
            return importlib.import_module(name)
    except UsageError as error:
        missing = error.__cause__
        if not isinstance(missing, ModuleNotFoundError) or not f"{name}.".startswith(f"{missing.name}."):
            raise
        files = [path.stem for path in Path.cwd().glob("*.py")]
        close = get_close_matches(name, files, n=1)
        cure = f"Did you mean {close[0]}?" if close else "Go to the folder that holds it, or name the file: FILE.py:..."
        raise UsageError(
            f"Parameter `{parameter}` should name a module that is there. Found no {missing.name} in {Path.cwd()} or "
            f"among the installed packages. {cure}"
        ) from None


def _file(parameter: str, path: Path) -> ModuleType:
    if not path.is_file():
        close = get_close_matches(path.name, (file.name for file in path.parent.glob("*.py")), n=1)
        cure = f"Did you mean {path.parent / close[0]}?" if close else f"Check the path; it starts from {Path.cwd()}."
        raise UsageError(f"Parameter `{parameter}` should name a file that is there. Found no {path}. {cure}")
    full = path.resolve()
    # Under a name that hides no module of the same name, the standard library's for example.
    name = f"{full.stem}@{zlib.crc32(os.fsencode(full)):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, full)
    assert spec is not None
    assert spec.loader is not None
    _reach(full.parent)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        with users_code(parameter, f"{path} was imported"):
            spec.loader.exec_module(module)
    except UsageError:
        del sys.modules[name]
        raise
    return module


def _reach(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def code_of(text: str) -> str:
    """Return a hash of the file that a text names something in.

    Example:
        >>> len(code_of("xaigrad.integrations.mlp:make_pair"))
        16
    """
    place = text.rpartition(":")[0]
    file = place if place.endswith(".py") else getattr(_module("pair", place), "__file__", None)
    return "" if file is None else hashed(Path(file).read_bytes())
