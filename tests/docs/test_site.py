"""The documentation site is built without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.sdk import aio, client, datalogging, exceptions, listeners, watchable_handle
from scrutiny.sdk.listeners import csv_file_listener
from tests.support.documents import pages
from tests.support.example_board import ROOT

# What a page would fetch: links that the reader may follow are no such thing.
_FETCHED = re.compile(
    r"<(?:link|script|img|source|iframe)\b[^>]*?(?:href|src)=\"((?:https?:)?//[^\"]+)"
)

# A base class of all components, a module, a helper, and a type that only annotates.
NOT_TOLD = {"ScrutinyError", "exceptions", "make_snapshot", "Samples"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site")
    result = build(ROOT, folder)
    assert result.returncode == 0, result.stderr
    return folder


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_site_has_all_pages(site: Path) -> None:
    docs = [page.removeprefix("docs/") for page in pages() if page.startswith("docs/")]
    built = [page.removesuffix(".md") + ".html" for page in docs]
    assert [page for page in built if not (site / page).exists()] == []
    home = (site / "index.html").read_text(encoding="utf-8")
    assert [page for page in built if f'href="{page}"' not in home] == []  # in the navigation
    assert (site / "repository/firmware/index.html").exists()  # pages link to it


def test_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert _FETCHED.findall(page.read_text(encoding="utf-8")) == [], page


def test_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    """In a repository of three pages, whatever kind of link it is."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "docs_site.py", tmp_path / "tools")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(f"{settings}\nnav:\n  - Home: index.md\n")
    (tmp_path / "README.md").write_text("# Read me\n")
    (tmp_path / "docs").mkdir()
    home = tmp_path / "docs" / "index.md"
    links = ("gone.md", "../gone.c", "#gone", "../README.md#gone")

    home.write_text("# Home\n\n[a](../README.md#read-me), [b](#home)\n")
    (tmp_path / "docs" / "late.md").write_text("# Late\n")  # the navigation has no place for it
    assert build(tmp_path, tmp_path / "site").returncode == 0
    assert 'href="late.html"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    home.write_text("# Home\n\n" + "\n".join(f"[a]({link})" for link in links))
    result = build(tmp_path, tmp_path / "site")

    assert result.returncode != 0
    for told in ("'gone.md'", "repository/gone.c.md", "'#gone'", "README.md#gone"):
        assert told in result.stderr


def test_reference_has_the_docstrings(site: Path) -> None:
    client = (site / "reference/client.html").read_text(encoding="utf-8")
    assert "Watch a variable, alias or published value." in client
    assert ":meth:" not in client
    assert 'id="scrutiny.sdk.client.ScrutinyClient.read_event"' in client


def test_reference_has_every_public_name(site: Path) -> None:
    """Each is a heading of some page, under whatever module defines it."""
    pages_of_reference = (site / "reference").glob("*.html")
    text = "".join(page.read_text(encoding="utf-8") for page in pages_of_reference)
    ids = {name.rpartition(".")[2] for name in re.findall(r'id="(scrutiny\.[\w.]+)"', text)}
    modules = (sdk, client, aio, datalogging, listeners, watchable_handle, csv_file_listener)
    public = {name for module in modules for name in module.__all__}
    errors = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    assert (public | errors) - NOT_TOLD - ids == set()


def test_readme_has_no_link_that_leads_nowhere() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "firmware/README.md"):
        path = ROOT / page
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{page}: {target}"
