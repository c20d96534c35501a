"""What the documentation says can be done: links lead somewhere, commands exist, the ten lines of Python run."""

import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

import temporal_interp
from temporal_interp.cli.main import app
from temporal_interp.engines.registry import Kind, engine_specs

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    *REPOSITORY.glob("*.md"),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    REPOSITORY / "Resources" / "Models" / "README.md",
    REPOSITORY / "Testing" / "Benchmarks" / "README.md",
]
README = REPOSITORY / "README.md"


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in a language, "" for none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for given, text in fenced if given == language]


def commands(page: Path) -> list[list[str]]:
    """Return the words of every command `temporal-interp` in a page, in blocks and in running text."""
    text = page.read_text(encoding="utf-8")
    found = [line for block in blocks(page, "") for line in block.splitlines()]
    found += re.findall(r"(?<!`)`(temporal-interp [^`]+)`(?!`)", text)
    return [line.partition("#")[0].split() for line in found if line.startswith("temporal-interp ")]


def headings(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_their_options_exist(page):
    for words in commands(page):
        command = typer.main.get_command(app)
        for word in words[1:]:
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
        assert not hasattr(command, "commands") or len(words) == 1, words
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in words if word.startswith("-") and not word[1:2].isdigit()}
        assert given <= known | {"--help"}, words


def test_readme_shows_pictures_and_is_short():
    text = README.read_text(encoding="utf-8")
    assert "](Screenshots/" in text
    assert len(text.splitlines()) <= 150


def test_ten_lines_of_python_run_on_a_phantom(tmp_path, monkeypatch):
    if not hasattr(temporal_interp, "interpolate"):
        pytest.skip("the package has no public names yet")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(README, "python")
    namespace: dict[str, object] = {}
    CliRunner().invoke(app, ["phantom", "heart", "-o", "cine.seq.nrrd", "--phases", "4"])
    exec(compile(code, README, "exec"), namespace)
    assert len(namespace["smooth"]) == 4 * len(namespace["cine"])  # the phantom is a loop
    assert {path.name for path in tmp_path.iterdir()} == {
        "cine.seq.nrrd",
        "smooth.seq.nrrd",
        "halfway.nrrd",
        "motion.nrrd",
    }


def test_citation_has_this_version_and_the_paper():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == temporal_interp.__version__
    assert [reference.get("doi") for reference in citation["references"]] == [
        "10.1007/978-3-032-04984-1_53",
        None,
        None,
        None,
    ]


def test_layers_are_drawn_as_the_contract_has_them():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    (drawn,) = (b for b in blocks(REPOSITORY / "docs" / "architecture.md", "") if b.startswith("cli/"))
    assert [line.split()[0].removesuffix("/").removesuffix(".py") for line in drawn.splitlines()] == contract["layers"]
    (listed,) = (b for b in blocks(REPOSITORY / "CONTRIBUTING.md", "") if b.startswith("cli "))
    assert re.split(r"\s*>\s*", listed.strip()) == contract["layers"]


def test_the_readme_has_a_row_for_every_engine_and_variant_that_is_offered():
    rows = re.findall(r"^\| `([a-z_:]+)`", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    offered = [
        name
        for spec in engine_specs().values()
        for name in (spec.name, *(f"{spec.name}:{variant}" for variant, v in spec.variants.items() if v.listed))
    ]
    assert sorted(rows) == sorted(offered)


def test_the_benchmarks_have_the_scores_that_engines_declare():
    text = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| \| slices \| volumes \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = (re.split(r" *\| *", line.strip("| ")) for line in table.splitlines())
    written = {name: (float(slices), float(volumes)) for name, slices, volumes in rows}
    specs = [spec for spec in engine_specs().values() if spec.scores]
    assert written == {spec.in_words: (spec.scores[Kind.SLICES], spec.scores[Kind.VOLUMES]) for spec in specs}
