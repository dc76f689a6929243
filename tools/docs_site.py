"""What MkDocs does besides: pages link to files of the repository, and those become pages, too.

So the site is complete without a server that shows the sources, and a link to a file that is not
there is an error, whoever has moved it. Texts keep the links that work where they lie.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

_log = logging.getLogger("mkdocs.hooks.docs_site")

ROOT: Final = Path(__file__).resolve().parents[1]
_SOURCES: Final = "repository"  # the folder of the site that has them
_LANGUAGES: Final = {
    ".c": "c",
    ".cmake": "cmake",
    ".h": "c",
    ".ino": "cpp",
    ".mjs": "js",
    ".mk": "make",
    ".py": "python",
}

Navigation: TypeAlias = "str | Sequence[Navigation] | Mapping[str, Navigation]"

_PICTURES: Final = {".png", ".svg"}

_FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_FENCE_OPTIONS: Final = re.compile(r"^(```\w+) .*$", re.MULTILINE)  # tests read them
_ROLE: Final = re.compile(r":(?:attr|class|func|meth|mod):(?=<code>)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give pages that the navigation has no place for one at its end: who adds one may forget."""
    docs = Path(config.docs_dir)
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    nav = cast("list[Navigation]", config["nav"])
    if others := sorted(pages - set(_placed(nav))):
        config["nav"] = [*nav, {"More": others}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the repository that pages link to, and those that they link to."""
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    known = set(waiting)
    while waiting:
        source = waiting.pop()
        for target in _targets(source):
            if target in known or not (ROOT / target).exists():
                continue  # the latter is reported when the page is made
            known.add(target)
            if not target.startswith("docs/"):
                files.append(_page_of(target, config))
                waiting += [target] if target.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the place that their target has on the site."""
    here = page.file.src_uri
    source = _source(here)

    def replaced(match: re.Match[str]) -> str:
        target = _resolved(source, match[1])
        if not (ROOT / target).exists():
            _log.warning(f"{source} links to {match[1]}, which does not exist")
        return posixpath.relpath(_place(target), posixpath.dirname(here) or ".") + (match[2] or "")

    return _outside_of_blocks(markdown, lambda text: _LINK.sub(replaced, text))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show what docstrings refer to without the roles that other tools want."""
    return _ROLE.sub("", html)


def _placed(nav: Navigation) -> Iterator[str]:
    """Return the pages of a navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, Mapping) else nav:
            yield from _placed(part)


def _targets(source: str) -> set[str]:
    """Return what a page links to, as paths from the root."""
    targets: set[str] = set()

    def noted(text: str) -> str:
        targets.update(_resolved(source, match[1]) for match in _LINK.finditer(text))
        return text

    _outside_of_blocks((ROOT / source).read_text(encoding="utf-8"), noted)
    return targets


def _outside_of_blocks(markdown: str, change: Callable[[str], str]) -> str:
    """Change the text between the fenced blocks."""
    parts: list[str] = []
    end = 0
    for block in _FENCED.finditer(markdown):
        parts += [change(markdown[end : block.start()]), _FENCE_OPTIONS.sub(r"\1", block[0])]
        end = block.end()
    return "".join([*parts, change(markdown[end:])])


def _resolved(source: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _place(target: str) -> str:
    """Return where a file of the repository is on the site, as MkDocs names sources."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if (ROOT / target).is_dir():
        return f"{_SOURCES}/{target}/index.md"
    is_kept = (ROOT / target).suffix in {".md", *_PICTURES}
    return f"{_SOURCES}/{target}" if is_kept else f"{_SOURCES}/{target}.md"


def _source(place: str) -> str:
    """Return which file a page is made from, by its place."""
    if not place.startswith(f"{_SOURCES}/"):
        return f"docs/{place}"
    return place.removeprefix(f"{_SOURCES}/")


def _page_of(target: str, config: MkDocsConfig) -> File:
    place = _place(target)
    if (ROOT / target).suffix in _PICTURES:
        return File.generated(config, place, abs_src_path=str(ROOT / target))
    return File.generated(config, place, content=_text(target), inclusion=InclusionLevel.NOT_IN_NAV)


def _text(target: str) -> str:
    """Return the page of a file, or of a folder with notes."""
    path = ROOT / target
    if path.is_dir():
        notes = (note.read_text(encoding="utf-8").strip() for note in sorted(path.glob("*.md")))
        return "\n\n".join([f"# {target}/", *notes])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    language = _LANGUAGES.get(path.suffix, "text")
    return f"# {target}\n\n```` {language}\n{text}````\n"
