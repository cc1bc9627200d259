"""A plugin of pytest: writes how each case ended into the file LEVERET_SUITE_REPORT."""

import json
import os
import re


def pytest_runtest_logreport(report):
    """Writes each end of a case, of its parts and of its runs, a JSON object a line."""
    if report.when != "call" and report.outcome == "passed":
        return
    expected = hasattr(report, "wasxfail") and report.outcome == "skipped"
    line = {
        "case": re.sub(r"^t/(integration|smoke/tests)/", "", report.nodeid),
        "outcome": "xfailed" if expected else report.outcome,
        "text": report.longreprtext[-4000:],
    }
    with open(os.environ["LEVERET_SUITE_REPORT"], "a") as file:
        file.write(json.dumps(line) + "\n")
