"""Write what sentence-transformers makes of a few texts: what our own all-MiniLM-L6-v2 is tested against.

python tools/export_minilm/golden.py FOLDER_OF_THE_MODEL
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import sentence_transformers

TARGET = Path(__file__).resolve().parents[2] / "tests" / "data" / "minilm_golden.json"
DIGITS = 5
TEXTS = (
    "",
    " \n\t ",
    "a",
    "forgot await",
    "async without await",
    "Coroutine 'load_user' was never awaited before its result was used.",
    "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
    "ModuleNotFoundError: No module named 'requests_async'",
    "Write a function that returns the n largest numbers of a list, without sorting the whole of it.",
    "def median(numbers):\n    ordered = sorted(numbers)\n    return ordered[len(ordered) // 2]\n",
    "SELECT name, COUNT(*) FROM users WHERE age > 18 GROUP BY name HAVING COUNT(*) > 1;",
    "naïve café, Größe, İstanbul, Ελληνικά, русский",
    "日本語の文章と한국어 문장, 中文句子",
    "🎉 👩‍💻 zero\u200bwidth and \u202eright to left",
    "C:\\Users\\robin\\project\\app\\views.py:42: AssertionError",
    "don't   collapse ... these --- signs!!! (or_do_you?) #hash @at $9.99 50%",
    "supercalifragilisticexpialidocious" * 5,
    "the cart forgets its discount when an item is removed twice; " * 12,
    "for row in rows:\n    total += row.price * row.count  # before tax\n" * 40,
    "x" * 3000,
)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)
    rows = model.encode(list(TEXTS), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
    entries = [
        {"text": text, "vector": [round(float(number), DIGITS) for number in row]}
        for text, row in zip(TEXTS, rows, strict=True)
    ]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    made = f"sentence-transformers {sentence_transformers.__version__}"
    TARGET.write_text(f'{{"made_by": "{made}", "texts": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{TARGET}: {len(entries)} texts")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
