"""How far the readers of names, companies and domains agree with data that others made: `python -m bench.quality`.

    python -m bench.quality [--each 200] [--show 10]

Faker's people and companies in 20 locales, the test data of nameparser and cleanco (in their source archives, fetched
from the package index when it can be reached), and every rule of the Public Suffix List snapshot inside tldextract. A
disagreement is no fault by itself: many are conventions, and `bench/README.md` says which.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import faker
import tldextract

from app.text.companies import company_name
from app.text.domains import registrable_domain
from app.text.names import person_name
from app.text.values import fold

LOCALES = tuple(
    "en_US en_GB en_IN de_DE de_CH fr_FR fr_CA es_ES es_MX pt_BR pt_PT it_IT nl_NL sv_SE da_DK no_NO fi_FI pl_PL tr_TR cs_CZ".split()  # noqa: E501, SIM905
)
SEED = 2026


class Case(NamedTuple):
    """What is given, what its makers say of it, and what we say."""

    given: str
    theirs: str
    ours: str

    @property
    def agrees(self) -> bool:
        """Whether both mean the same, whatever the capitals, accents and full stops."""
        return _bare(self.theirs) == _bare(self.ours)


def _bare(text: str) -> str:
    return " ".join(fold(text).replace(".", " ").replace(",", " ").split())


def _person(given: str, first: str, last: str) -> Case:
    found = person_name(given)
    return Case(given, f"{first} / {last}", f"{found.first or ''} / {found.last or ''}")


def faker_people(each: int) -> Iterator[Case]:
    """First and last names as one cell."""
    for locale in LOCALES:
        fake = faker.Faker(locale)
        fake.seed_instance(SEED)
        for _ in range(each):
            first, last = fake.first_name(), fake.last_name()
            yield _person(f"{first} {last}", first, last)


def faker_companies(each: int) -> Iterator[Case]:
    """A surname with a legal form behind it; what Faker calls a suffix is one."""
    for locale in LOCALES:
        fake = faker.Faker(locale)
        fake.seed_instance(SEED)
        for _ in range(each):
            name, form = fake.last_name(), fake.company_suffix()
            yield Case(f"{name} {form}", name, company_name(f"{name} {form}") or "")


def nameparser_tests(folder: Path) -> Iterator[Case]:
    """Every `HumanName("…")` of its tests for which first and last name are asserted."""
    for file in sorted(folder.glob("*/tests/test_*.py")):
        for test in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(test, ast.FunctionDef):
                yield from _of_nameparser(test)


def _of_nameparser(test: ast.FunctionDef) -> Iterator[Case]:
    given, said = None, {}
    calls = [node for node in ast.walk(test) if isinstance(node, ast.Call)]
    names = [call for call in calls if getattr(call.func, "id", "") == "HumanName"]
    for call in calls:
        match call:
            case ast.Call(
                func=ast.Attribute(attr="m"), args=[ast.Attribute(attr=part), ast.Constant(value=str(text)), *_]
            ):
                said[part] = text
    if len(names) == 1 and len(names[0].args) == 1 and not names[0].keywords:
        given = getattr(names[0].args[0], "value", None)
    if isinstance(given, str) and {"first", "last"} <= set(said):
        yield _person(given, said["first"], said["last"])


def cleanco_tests(folder: Path) -> Iterator[Case]:
    """Every dictionary of names of its tests, with what the test expects of all of them."""
    tree = ast.parse(next(folder.glob("*/tests/test_cleanname.py")).read_text("utf-8"))
    tables: dict[str, list[str]] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values)):
                tables[name] = [str(value.value) for value in values if isinstance(value, ast.Constant)]
            case ast.FunctionDef():
                expected = _expected(node)
                used = [name.id for name in ast.walk(node) if isinstance(name, ast.Name) and name.id in tables]
                for given in tables[used[0]] if used and expected else ():
                    yield Case(given, expected, company_name(given) or "")


def _expected(test: ast.FunctionDef) -> str:
    for node in ast.walk(test):
        match node:
            case ast.Assign(targets=[ast.Name(id="expected")], value=ast.Constant(value=str(text))):
                return text
    return ""


def suffix_rules() -> Iterator[Case]:
    """A company under every public suffix of the list: the suffix and one label."""
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    for rule in sorted(extract.tlds):
        suffix = rule.lstrip("!").replace("*.", "any.")
        given = f"https://www.northgate.{suffix}/about"
        if rule.isascii() and (theirs := extract(given).top_domain_under_public_suffix):
            yield Case(given, theirs, registrable_domain(given) or "")


def source_of(package: str, folder: Path) -> Path | None:
    """The unpacked source archive of the installed version of a package; None where the index has none."""
    wanted = f"{package}=={metadata.version(package)}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    try:
        subprocess.run(  # noqa: S603 -- our own words
            [*command, "--no-build-isolation", "-d", folder, wanted], check=True, capture_output=True, timeout=120
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder


def tests_of(package: str, read: Callable[[Path], Iterator[Case]]) -> list[Case] | None:
    """The cases in a package's source archive."""
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(package, Path(folder))
        return list(read(source)) if source else None


def main() -> None:
    """Measure and print a table, and some of the disagreements of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=200, help="people and companies per locale")
    parser.add_argument("--show", type=int, default=10, help="disagreements to print per set")
    options = parser.parse_args()
    sets: dict[str, list[Case] | None] = {
        f"Faker {faker.VERSION}: people, {len(LOCALES)} locales": list(faker_people(options.each)),
        f"Faker {faker.VERSION}: surname and suffix, {len(LOCALES)} locales": list(faker_companies(options.each)),
        f"nameparser {metadata.version('nameparser')}: tests": tests_of("nameparser", nameparser_tests),
        f"cleanco {metadata.version('cleanco')}: tests": tests_of("cleanco", cleanco_tests),
        f"tldextract {metadata.version('tldextract')}: public suffixes": list(suffix_rules()),
    }
    print("| set | cases | agree | % |\n|---|---|---|---|")
    for name, cases in sets.items():
        if cases is None:
            print(f"| {name} | not measured: the package index has no source archive, or is out of reach | | |")
            continue
        agree = sum(case.agrees for case in cases)
        print(f"| {name} | {len(cases):,} | {agree:,} | {100 * agree / len(cases):.1f} |")
    for name, cases in sets.items():
        differ = list(dict.fromkeys(case for case in cases or () if not case.agrees))
        step = max(1, len(differ) // options.show) if options.show else 1
        print(f"\n{name}: {len(differ)} disagree")
        for case in differ[::step][: options.show]:
            print(f"  {case.given!r}: theirs {case.theirs!r}, ours {case.ours!r}")


if __name__ == "__main__":
    main()
