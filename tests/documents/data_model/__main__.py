"""Brings `docs/data-model.md` and its pictures up to date: `make data-model`."""

from tests.architecture.source import ROOT
from tests.documents.data_model.made import made


def main() -> None:
    for path, text in made().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
