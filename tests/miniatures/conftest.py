"""The scripts beside this file are run by ``test_diffs.py``; they are no modules to be imported."""

collect_ignore_glob = ["*.py"]
