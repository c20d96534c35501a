"""How hard the fuzzing tries: a little in every test run, much in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}

# the same examples in every run: a test suite does not fail by chance
settings.register_profile("quick", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("campaign", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "600")), **COMMON)
settings.load_profile("campaign" if "FUZZ_EXAMPLES" in os.environ else "quick")


def pytest_terminal_summary(terminalreporter):
    """Say what was tried, after a run that tried much."""
    if "FUZZ_EXAMPLES" not in os.environ:
        return
    told = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in getattr(report, "user_properties", [])
        if name == "fuzzed"
    ]
    terminalreporter.section("what was damaged, interrupted, given and started twice")
    for line in sorted(told):
        terminalreporter.line(line)
