"""The documentation site is built without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import pages
from tests.support.example_board import ROOT

# What a page would fetch: links that the reader may follow are no such thing.
_FETCHED = re.compile(
    r"<(?:link|script|img|source|iframe)\b[^>]*?(?:href|src)=\"((?:https?:)?//[^\"]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder


def test_site_has_all_pages(site: Path) -> None:
    docs = [page.removeprefix("docs/") for page in pages() if page.startswith("docs/")]
    built = [page.removesuffix(".md") + ".html" for page in docs]
    assert [page for page in built if not (site / page).exists()] == []
    assert (site / "repository/firmware/index.html").exists()  # pages link to it


def test_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert _FETCHED.findall(page.read_text(encoding="utf-8")) == [], page


def test_reference_has_the_docstrings(site: Path) -> None:
    client = (site / "reference/client.html").read_text(encoding="utf-8")
    assert "Watch a variable, alias or published value." in client
    assert ":meth:" not in client
    assert 'id="scrutiny.sdk.client.ScrutinyClient.read_event"' in client


def test_readme_has_no_link_that_leads_nowhere() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "firmware/README.md"):
        path = ROOT / page
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{page}: {target}"
