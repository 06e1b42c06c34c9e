"""The same journeys against a real paperless-ngx: PAPERLESS_URL and PAPERLESS_TOKEN name one that may be written to.

Everything made here has a name of its own and is removed again, out of the trash too; other documents are not touched.
The model is the practice model.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.practice.faults import Fault
from sidecar.practice.model import PracticeModel
from tests.live.paperless import LivePaperless
from tests.scenarios.letters import book, letter
from tests.scenarios.program import Program, TesseractLedger
from tests.scenarios.waiting import until
from tests.scenarios.jobs import Store
from tests.scenarios.world import WatchedFault, assert_reads
