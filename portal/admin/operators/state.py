"""State of the page that says who sees which customers."""

import reflex as rx

from portal.admin.operators import view
from portal.auth.guards import admin_only
from portal.core.errors import Invalid
from portal.core.fleet.rules.customer_lists import CustomerOrder, CustomersAsked
from portal.core.fleet.service import customer_lists, operators
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words

_MOST_FOUND = 8


class OperatorsState(AdminDialogs, rx.State):
    """Everybody, and in the dialog "scope" the customers chosen for one of them."""

    rows: list[view.OperatorRow] = []
    is_loading: bool = True
    notice: str = ""
    sees_all: bool = True
    chosen: list[str] = []
    search: str = ""
    found: list[view.FoundCustomer] = []

    @rx.event
    @admin_only
    async def load(self):
        """Read who sees whom."""
        self.notice = ""
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @admin_only
    async def change(self, email: str):
        """Open what one person sees."""
        with failure_in_words(self):
            self._choose("scope", "", email)
            line = next(
                (each for each in await operators.list_operators(current()) if each.email == email), None
            )
            codes = None if line is None else line.customers
            self.sees_all, self.chosen, self.search = codes is None, list(codes or ()), ""
            await self._find()

    @rx.event
    @admin_only
    def see_all(self, form: str):
        """Let them see every customer, or those that are chosen."""
        self.sees_all = form == "all"

    @rx.event
    @admin_only
    async def find(self, text: str):
        """List the customers that all words are found in."""
        with failure_in_words(self):
            self.search = text[:100]
            await self._find()

    @rx.event
    @admin_only
    async def toggle(self, code: str):
        """Choose a customer, or no longer."""
        with failure_in_words(self):
            if code in self.chosen:
                self.chosen = [each for each in self.chosen if each != code]
            elif len(self.chosen) < view.MOST_CHOSEN:
                self.chosen = sorted([*self.chosen, code[:50]], key=str.lower)
            await self._find()

    @rx.event
    @admin_only
    async def save(self):
        """Let the person see what is chosen; their sessions end."""
        with failure_in_words(self):
            if not self.sees_all and not self.chosen:
                raise Invalid(tr("Choose at least one customer, or every customer"))
            line = await operators.limit(current(), self.chosen_name, None if self.sees_all else self.chosen)
            self._forget()
            self.notice = tr(
                "{email} sees {lower} from the next log-in on.",
                email=line.email,
                lower=view.sees_in_words(line.customers).lower(),
            )
            await self._read()

    async def _find(self) -> None:
        page = await customer_lists.page_of_list(
            current(), CustomersAsked(self.search, order=CustomerOrder.NAME)
        )
        self.found = [
            {"code": each.code, "name": each.name, "is_chosen": each.code in self.chosen}
            for each in page.customers[:_MOST_FOUND]
        ]

    async def _read(self) -> None:
        stack = current()
        by_groups = bool(stack.settings.single_sign_on.customer_group_prefix)
        self.rows = view.build_rows(await operators.list_operators(stack), by_groups=by_groups)
