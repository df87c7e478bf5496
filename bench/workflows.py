"""How long each pure step takes per row, against the same steps of another commit, measured in turns.

    python -m bench.workflows [--against COMMIT] [--rows 1000] [--rounds 7]

One process per version (the other one out of a worktree of its own, removed at the end) works through the same rows;
they take turns, step by step, so that what else the machine does meets both alike. What counts is processor time. Each
round has rows of its own and begins with empty caches; "again" is the same rows once more. Rows and answers are those
of the sample writer and the sandbox, with names, companies and titles made as various as those of a real export. No
database: what the dispatcher adds is measured by `bench.engine`.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import pickle
import random
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.intake.headers import match_headers
from app.local.clay.made_up import company_answer, person_answer
from app.local.samples.files import write_people
from bench.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SYLLABLES = (
    "ba",
    "ker",
    "lin",
    "mor",
    "tas",
    "vel",
    "dun",
    "ri",
    "sho",
    "pel",
    "gra",
    "nor",
    "fin",
    "wes",
    "tal",
    "ock",
)


def various(rng: random.Random, row: dict[str, str]) -> dict[str, str]:
    """A sample row with a surname, a company, a domain and a title of its own, written as the sample wrote it."""
    last, firm = ("".join(rng.choices(SYLLABLES, k=rng.randrange(2, 4))) for _ in range(2))
    domain = f"{firm}-{rng.randrange(1000)}.com"
    changed = {
        "Last Name": f"{last.capitalize()}{row['Last Name'][-4:] if ',' in row['Last Name'] else ''}",
        "Company Name": f"{firm.capitalize()} {row['Company Name'].partition(' ')[2]}",
        "Title": f"{row['Title']}, {last.capitalize()}",
        "Website": row["Website"] and f"http://www.{domain}",
        "Email": row["Email"] and f"{row['First Name'][:1].lower() or 'x'}.{last}@{domain}",
        "Company Linkedin Url": row["Company Linkedin Url"]
        and f"http://www.linkedin.com/company/{firm}{rng.randrange(99)}",
    }
    return row | changed


def make_rows(count: int) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows of an Apollo export of 75 columns, and the mapping of their columns."""
    raw = io.BytesIO()
    write_people(raw, count)
    table = list(csv.DictReader(io.StringIO(raw.getvalue().decode("utf-8-sig"))))
    rng = random.Random(9)
    return [various(rng, row) for row in table], match_headers(list(table[0]), "people").mapping


def make_answers(rows: list[dict[str, str]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A company's and a person's answer for each row, each position at a company of its own."""
    rng = random.Random(11)
    answers = []
    for row in rows:
        about = {
            "company_domain": row["Website"].partition("www.")[2] or None,
            "company_name": row["Company Name"],
            "first_name": row["First Name"],
            "last_name": row["Last Name"],
            "linkedin": row["Person Linkedin Url"] or None,
            "batch_item_id": str(rng.getrandbits(64)),
        }
        person = person_answer(about)
        for job in person["raw_payload"].get("experience", ())[1:]:
            firm = "".join(rng.choices(SYLLABLES, k=3))
            job |= {
                "company": f"{firm.capitalize()} {job['company'].partition(' ')[2]}",
                "title": f"{job['title']} {firm}",
            }
            if job.get("company_domain"):
                job |= {"company_domain": f"{firm}.com", "url": f"https://www.linkedin.com/company/{firm}"}
        answers.append((company_answer(about), person))
    return answers


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A worktree of another commit, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="leadloom-bench-") as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--detach", tree, commit], cwd=ROOT, check=True, capture_output=True)  # noqa: S603, S607 -- our own tree
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)  # noqa: S603, S607 -- our own tree


@contextmanager
def worker(tree: Path, inputs: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with the steps of one version; it is told a step and a round, and answers with two times."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, ROOT / "bench" / "steps.py", inputs],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def ask(process: subprocess.Popen[str], step: str, turn: int) -> tuple[float, float]:
    """µs a row of one step in one round: with rows never seen before, and with the same again."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(step, turn, file=process.stdin, flush=True)
    fresh, again = process.stdout.readline().split()
    return float(fresh), float(again)


def spread(values: list[float]) -> str:
    """Median, with the least and the most."""
    return f"{statistics.median(values):8.1f} ({min(values):.1f} - {max(values):.1f})"


def main() -> None:
    """Measure all steps of this version, beside those of another one where one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", help="a commit to compare with")
    parser.add_argument("--rows", type=int, default=1000, help="rows of a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rows, mapping = make_rows(options.rows * options.rounds)
    with ExitStack() as stack:
        inputs = Path(stack.enter_context(tempfile.NamedTemporaryFile(suffix=".pickle")).name)
        inputs.write_bytes(pickle.dumps((rows, mapping, make_answers(rows), options.rows)))
        trees = [stack.enter_context(checked_out(options.against))] if options.against else []
        workers = [stack.enter_context(worker(tree, inputs)) for tree in (*trees, ROOT)]
        times: dict[str, list[list[tuple[float, float]]]] = {step: [[] for _ in workers] for step in STEPS}
        for turn in range(options.rounds):
            for step in STEPS:
                for number in range(len(workers)) if turn % 2 == 0 else reversed(range(len(workers))):
                    times[step][number].append(ask(workers[number], step, turn))
    report(times, options.against)


def report(times: dict[str, list[list[tuple[float, float]]]], against: str | None) -> None:
    """Print a table: medians (least - most) in µs a row, and the share of the other version's time, round by round."""
    if not against:
        print("| step | µs a row, new rows | the same again |\n|---|---|---|")
    else:
        print(f"| step | {against} | now | now ÷ then | {against}, again | now, again | now ÷ then |\n{'|---' * 7}|")
    for step, versions in times.items():
        cells = []
        for kind in (0, 1):
            by_version = [[pair[kind] for pair in pairs] for pairs in versions]
            cells += [spread(values) for values in by_version]
            if against:
                cells.append(f"{statistics.median(now / then for then, now in zip(*by_version, strict=True)):.2f}")
        print(f"| `{step}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
