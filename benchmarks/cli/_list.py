"""`xaigrad list`: what can be chosen."""


def list_choices() -> None:
    """Say what can be chosen."""
    from rich.console import Console
    from rich.table import Table

    from xaigrad import recipes
    from xaigrad.benchmarks import choices, peers
    from xaigrad.benchmarks.study.presets import PRESETS

    shown = Table("option", "choice", "what it is", box=None, padding=(0, 2, 0, 0))
    shown.columns[1].no_wrap = True
    named_by = {f"--{option}": named for option, named in choices.BY_OPTION.items()}
    for option, named in (named_by | {"cost --explainer": choices.CONTROLS | peers.PEERS}).items():
        for number, choice in enumerate(named.values()):
            shown.add_row(option if number == 0 else "", choice.usage.replace("[", r"\["), choice.summary)
    summaries = {"--recipe": recipes.NAMES, "compare --preset": {name: one.summary for name, one in PRESETS.items()}}
    for option, named_summaries in summaries.items():
        for number, (name, summary) in enumerate(named_summaries.items()):
            shown.add_row(option if number == 0 else "", name, summary)
    Console().print(shown)
    Console().print('Parts can also be written as in Python: --rule "NormPreserving(Residual(0.3))".', highlight=False)
