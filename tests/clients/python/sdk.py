"""Becomes the generated package in the directory `SCENARIO_SDK` when it is imported."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

directory = Path(os.environ["SCENARIO_SDK"])
spec = importlib.util.spec_from_file_location(
    __name__, directory / "__init__.py", submodule_search_locations=[str(directory)]
)
assert spec is not None
assert spec.loader is not None
# The package replaces this module.
package = importlib.util.module_from_spec(spec)
sys.modules[__name__] = package
spec.loader.exec_module(package)
