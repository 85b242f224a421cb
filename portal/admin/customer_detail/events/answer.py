"""Why a customer's batches do not land, in a sentence, and what to do about it. Pure words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from portal.core.fleet.rules.push_diagnosis import PushCause
from portal.core.fleet.rules.refused_pushes import UNAUTHENTICATED
from portal.core.fleet.service.push_history import PushHistory
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

_KEPT: Final = noted("Nothing is lost: what it could not push waits at the Client")
_AFTER_401: Final = noted("After a 401 a Client stops until its settings change or it is started again.")


class PushAnswer(TypedDict):
    """The answer: its heading, what that means, what to do, and which button helps ("" is none)."""

    tone: str
    title: str
    words: str
    steps: list[str]
    action: str


NO_ANSWER: Final[PushAnswer] = {"tone": "", "title": "", "words": "", "steps": [], "action": ""}


def build_answer(history: PushHistory, zone: str, now: datetime) -> PushAnswer:
    """Return the answer to "why did this batch not land?" at an aware instant, times in a zone."""
    answering = _Answering(history, zone, now)
    answers: dict[PushCause, Callable[[], PushAnswer]] = {
        PushCause.LANDS: answering.lands,
        PushCause.ROWS_REJECTED: answering.rows_rejected,
        PushCause.DISABLED: answering.disabled,
        PushCause.OLD_TOKEN: answering.old_token,
        PushCause.REFUSED: answering.refused,
        PushCause.SILENT: answering.silent,
        PushCause.NEVER: answering.never,
    }
    return answers[history.cause]()


@dataclass(frozen=True)
class _Answering:
    history: PushHistory
    zone: str
    now: datetime

    def lands(self) -> PushAnswer:
        last = self.history.last_stored
        when = (
            ""
            if last is None
            else tr(
                ": the last batch {received_at}", received_at=formats.relative(last.received_at, self.now)
            )
        )
        return _answer("ok", tr("Everything lands{when}", when=when))

    def rows_rejected(self) -> PushAnswer:
        rejected = sum(bucket.rows_rejected for bucket in self.history.buckets)
        return _answer(
            "warn",
            tr(
                "Batches land, but {was} rejected",
                was=formats.counted(rejected, "{count} row was", "{count} rows were"),
            ),
            tr(
                "Each rejected row stands below its batch with the reason. The Client tries rows of "
                "unknown devices again after its next full set, and keeps the others as dead letters."
            ),
        )

    def disabled(self) -> PushAnswer:
        words = tr("Its tokens are refused. {kept}", kept=self._kept())
        return _answer("fail", tr("Nothing lands, because the customer is disabled"), words, action="enable")

    def old_token(self) -> PushAnswer:
        refusal = next(each for each in self.history.refusals if each.status == UNAUTHENTICATED)
        return _answer(
            "fail",
            tr("{since}, because the Client still uses its old token", since=self._since()),
            tr(
                "It pushed with {reason}, last {last_at}. {after_401} {kept}",
                reason=refusal.reason,
                last_at=formats.relative(refusal.last_at, self.now),
                after_401=tr(_AFTER_401),
                kept=self._kept(),
            ),
            [
                tr(
                    "Put the present token into FleetIngest__Token of {code}, start it again, or",
                    code=self.history.customer.code,
                ),
                tr("nobody has the present token: rotate again and send the new block."),
            ],
            "rotate",
        )

    def refused(self) -> PushAnswer:
        refusals = self.history.refusals
        newest, first_at = refusals[0], min(each.first_at for each in refusals)
        kinds = tr(" and ").join(sorted({each.batch_type for each in refusals}))
        reason = newest.reason.rstrip(".")
        return _answer(
            "fail",
            tr(
                "Batches of {kinds} are refused since {first_at}",
                kinds=kinds,
                first_at=formats.near_time(first_at, self.zone),
            ),
            tr(
                "{status}: {reason}. Last {last_at}. {kept}",
                status=newest.status,
                reason=reason,
                last_at=formats.relative(newest.last_at, self.now),
                kept=self._kept(),
            ),
        )

    def silent(self) -> PushAnswer:
        return _answer(
            "warn",
            tr("{since}, and nothing was refused", since=self._since()),
            tr(
                "No push of {code} has come since then: its stack is off, or has no way here. {kept}",
                code=self.history.customer.code,
                kept=self._kept(),
            ),
            [
                tr("On its stack: is it running, and what does `portal push status` say?"),
                tr("From there: does FleetIngest__Url answer?"),
            ],
        )

    def never(self) -> PushAnswer:
        steps = [tr("Start its stack with the block that was shown with the token.")]
        if self.history.unknown:
            steps.append(
                tr("Pushes with tokens that nobody has are listed below: one of them may be this stack's.")
            )
        steps.append(tr("Nobody has the token any more: rotate, and send the new block."))
        return _answer("warn", tr("No push has arrived yet"), "", steps, "rotate")

    def _since(self) -> str:
        last = self.history.last_stored
        if last is None:
            return tr("Nothing has ever landed")
        return tr(
            "Nothing has landed since {received_at}",
            received_at=formats.near_time(last.received_at, self.zone),
        )

    def _kept(self) -> str:
        rows = self.history.waiting_rows
        if not rows:
            return f"{tr(_KEPT)}."
        about = tr("about ") if self.history.is_estimate else ""
        return f"{tr(_KEPT)}, {about}{formats.counted(rows, '{count} reading', '{count} readings')}."


def _answer(
    tone: str, title: str, words: str = "", steps: list[str] | None = None, action: str = ""
) -> PushAnswer:
    return {"tone": tone, "title": title, "words": words, "steps": steps or [], "action": action}
