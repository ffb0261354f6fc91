"""The command line, as ``xaigrad`` or ``python -m xaigrad``."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run it, or say in one line how to install what it needs."""
    try:
        from xaigrad.benchmarks import cli
    except ModuleNotFoundError as error:
        print(  # noqa: T201
            f'xaigrad: the command line needs {error.name}. Install it with: pip install "xaigrad[bench]"',
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
