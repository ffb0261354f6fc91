"""The application, and what becomes of mistakes."""

import sys
from typing import Any

import typer

from xaigrad.benchmarks.errors import UsageError

app = typer.Typer(
    name="xaigrad",
    help="Train GANs whose generator learns from an explanation of the discriminator, and compare.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; a mistake of the user ends with one line and exit code 2."""
    mistakes: tuple[type[Exception], ...] = (UsageError, *typer.BadParameter.__bases__)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(given or ["--help"], standalone_mode=False)
    except mistakes as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        print(f"xaigrad: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
        return 2
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    if code == 130:  # Which typer also makes of an interruption.
        print("xaigrad: stopped", file=sys.stderr)  # noqa: T201
    return code
