"""What Reflex compiles: it takes the app of a module of this name, and of nowhere else.

The one module that reads the settings where it is imported. Nothing of the product imports it; what is served is made
by `portal.app`.
"""

from portal.core.settings import load_settings
from portal.pages import page_app

app = page_app(load_settings())
