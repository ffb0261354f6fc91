"""The command line `xaigrad`: a file for each kind of command."""

from xaigrad.benchmarks.cli import _compare, _cost, _list, _report, _sweep, _train
from xaigrad.benchmarks.cli._app import app, main

__all__ = ["app", "main"]

for _command in (_train.demo, _train.run, _compare.compare, _compare.resume, _report.report, _sweep.sweep, _cost.cost):
    app.command()(_command)
app.command("list")(_list.list_choices)
