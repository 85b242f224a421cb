"""`portal demo`: the whole product on this machine, with simulated meters. See `run`."""

from portal.demo.run import run

__all__ = ["run"]
