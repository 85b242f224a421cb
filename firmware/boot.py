"""The first thing a board runs: which of its two programs this start is for. Never updated, so as little as can be."""

import sys

sys.path.insert(0, "/base")
