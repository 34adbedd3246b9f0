"""Write the table of settings into docs/settings.md, from their declaration."""

from __future__ import annotations

from pathlib import Path

from pytest_llmlearn.settings import documented

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
START, END = "<!-- settings -->\n", "<!-- end of settings -->\n"


def main() -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}{documented()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
