"""Read before all other test files: checks that stand in plain modules shall tell what they saw."""

import pytest

pytest.register_assert_rewrite("tests.scenarios.world")
