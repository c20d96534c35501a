"""How hard the fuzzing tries: a little in every test run, much in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}

# the same examples in every run: a test suite does not fail by chance
settings.register_profile("quick", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("campaign", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "600")), **COMMON)
settings.load_profile("campaign" if "FUZZ_EXAMPLES" in os.environ else "quick")
