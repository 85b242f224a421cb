"""Codes of authenticator apps (RFC 6238: six digits, thirty seconds, SHA-1, which is what every app can do)."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from pyotp import random_base32
from pyotp.totp import TOTP

if TYPE_CHECKING:
    from datetime import datetime

RECOVERY_CODES = 8
_STEP_SECONDS = 30
# A phone's clock may be off, and typing takes a moment: one step either way.
_DRIFT = 1
_DIGITS = re.compile(r"[0-9]{6}")
# Letters and digits nobody takes for one another; 24 of 32 are 120 bits, which no list of hashes gives away.
_RECOVERY_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RECOVERY_LENGTH = 24
_GROUP = 4


def new_secret() -> str:
    """Return 160 random bits as the base32 text an app takes."""
    return random_base32()


def app_address(secret: str, email: str, issuer: str) -> str:
    """Return the otpauth address an app scans."""
    return TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def plain(typed: str) -> str:
    """Return a code without what people type between its parts."""
    return re.sub(r"[\s-]", "", typed[:100]).upper()


def is_app_code(code: str) -> bool:
    """Whether a plain code has the shape of an app's."""
    return _DIGITS.fullmatch(code) is not None


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step a plain code belongs to, or None when it is of none near `now`, or of no app.

    All of them are compared, however early one fits.
    """
    if not is_app_code(code):
        return None
    totp, present = TOTP(secret), int(now.timestamp()) // _STEP_SECONDS
    steps = range(present - _DRIFT, present + _DRIFT + 1)
    fitting = [step for step in steps if secrets.compare_digest(totp.generate_otp(step), code)]
    return max(fitting, default=None)


def new_recovery_codes() -> tuple[str, ...]:
    """Return codes to write down: groups of four letters and digits."""
    return tuple(_recovery_code() for _ in range(RECOVERY_CODES))


def _recovery_code() -> str:
    text = "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_LENGTH))
    return "-".join(text[at : at + _GROUP] for at in range(0, _RECOVERY_LENGTH, _GROUP))
