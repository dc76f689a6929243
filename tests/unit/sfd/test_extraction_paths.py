"""Paths of variables: namespaces, classes, functions, blocks; and which variables get which."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.sfd.extraction import ExtractionOptions, extract
from tests.support.dwarf_programs import Recipe, build
from tests.support.extracted import DEREFERENCING, by_path, compiled, extracted

COUNTS = "{ static int x; return x += q; }"


def paths(folder: Path, source: str, *flags: str, compiler: str = "g++") -> list[str]:
    return list(by_path(extracted(folder, source, *flags, compiler=compiler)))


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("int g;", "/global/g"),
        ("static int s __attribute__((used));", "/static/f.cpp/s"),
        ("namespace a { namespace b { int v; } }", "/global/a/b/v"),
        (
            "namespace a { namespace b { static int w __attribute__((used)); } }",
            "/static/f.cpp/a/b/w",
        ),
        ("namespace a { inline namespace v1 { int v; } }", "/global/a/v1/v"),
        ('namespace a { extern "C" { int v; } }', "/global/a/v"),
        ("struct Class { static int member; }; int Class::member;", "/global/Class/member"),
        ("inline int v = 3; int f() { return v; }", "/global/v"),
        ("template<class T> T tvar = T(3); int f() { return tvar<int>; }", "/global/tvar<int>"),
        (
            "template<class T, int n> struct Tpl { static T sv; };"
            "template<class T, int n> T Tpl<T, n>::sv; int f() { return Tpl<int, 4>::sv; }",
            "/global/Tpl<int, 4>/sv",
        ),
        ('int renamed __asm__("other_name");', "/global/other_name"),
        ("struct K { static int t[3]; }; int K::t[3];", "/global/K/t/t"),
    ],
)
def test_global_and_static_variables(tmp_path: Path, source: str, path: str) -> None:
    assert paths(tmp_path, source) == [path]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (f"int fn(int q) {COUNTS}", "/static/f.cpp/fn(int)/x"),
        (f"static int fn(int q) {COUNTS} int g() {{ return fn(1); }}", "/static/f.cpp/fn/x"),
        (f'extern "C" int fn(int q) {COUNTS}', "/static/f.cpp/fn/x"),
        (
            f"template<class T> int fn(int q) {COUNTS} int g() {{ return fn<short>(1); }}",
            "/global/int fn<short>(int)/x",
        ),
        (
            f"struct K {{ int meth(int q) {COUNTS} }}; int g() {{ return K().meth(1); }}",
            "/global/K/meth(int)/x",
        ),
        (
            "auto lam = [](int q) { static int x; return x += q; }; int g() { return lam(2); }",
            "/global/lam/{lambda(int)#1}/operator()(int) const/x",
        ),
    ],
)
def test_static_locals(tmp_path: Path, source: str, path: str) -> None:
    assert path in paths(tmp_path, source, "-std=c++17")


def test_static_locals_of_c_have_the_name_of_the_function(tmp_path: Path) -> None:
    source = f"int open_one(int q) {COUNTS} static int hidden(int q) {COUNTS}\n"
    source += "int call(void) { return hidden(1); }"

    found = paths(tmp_path, source, compiler="gcc")

    assert sorted(found) == ["/static/f.c/hidden/x", "/static/f.c/open_one/x"]


def test_x3_methods_and_functions_of_namespaces_keep_all_scopes(tmp_path: Path) -> None:
    source = f"""
        namespace one {{
            struct K {{ int step(int); int step(char); }};
            int K::step(int q) {COUNTS}
            int K::step(char q) {COUNTS}
            int step(int q) {COUNTS}
            static int quiet(int q) {COUNTS}
            int call() {{ return quiet(1); }}
        }}
        namespace two {{ int step(int q) {COUNTS} }}
    """

    assert sorted(paths(tmp_path, source)) == [
        "/static/f.cpp/one/K/step(char)/x",
        "/static/f.cpp/one/K/step(int)/x",
        "/static/f.cpp/one/quiet/x",
        "/static/f.cpp/one/step(int)/x",
        "/static/f.cpp/two/step(int)/x",
    ]


def test_x3_blocks_are_numbered(tmp_path: Path) -> None:
    source = """
        int fn(int q) {
            static int x;
            { static int x; x += q; { static int deep; deep += x; } }
            { static int x; x += q; }
            return x += q;
        }
    """

    assert sorted(paths(tmp_path, source)) == [
        "/static/f.cpp/fn(int)/block1/block1/deep",
        "/static/f.cpp/fn(int)/block1/x",
        "/static/f.cpp/fn(int)/block2/x",
        "/static/f.cpp/fn(int)/x",
    ]


def test_x3_blocks_of_inline_functions_show_only_where_they_are_needed(tmp_path: Path) -> None:
    source = """
        inline int fn(int q) {
            { static int alone; q += alone++; }
            { static int twin; q += twin++; }
            { static int twin; q += twin++; }
            return q;
        }
        int call() { return fn(1); }
    """

    assert sorted(paths(tmp_path, source, "-std=c++17")) == [
        "/global/fn(int)/alone",
        "/global/fn(int)/block2/twin",
        "/global/fn(int)/block3/twin",
    ]


def test_x3_variables_that_no_scope_tells_apart_are_numbered(tmp_path: Path) -> None:
    source = """
        int fn(int q) {
            { static int x; q += x++; }
            { static int x; q += x++; }
            return q;
        }
    """

    # this compiler does not tell in which block a variable is
    found = by_path(extracted(tmp_path, source, compiler="clang++"))

    assert list(found) == ["/static/f.cpp/fn(int)/x", "/static/f.cpp/fn(int)/x#2"]
    assert len({leaf.address for leaf in found.values()}) == 2


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_x3_the_scope_survives_inlining(tmp_path: Path, level: str) -> None:
    source = """
        namespace ns { struct K { int meth(int); }; }
        int ns::K::meth(int q) { static int x; return x += q; }
        static inline int helper(int q) { static int y[4]; return y[q]++; }
        int call(int q) { return ns::K().meth(q) + helper(q); }
    """

    gcc = paths(tmp_path, source, level)
    clang = paths(tmp_path, source, level, compiler="clang++")

    assert sorted(gcc) == ["/static/f.cpp/helper/y/y", "/static/f.cpp/ns/K/meth(int)/x"]
    # a mangled name of a static function is in the files of this compiler only
    assert sorted(clang) == ["/static/f.cpp/helper(int)/y/y", "/static/f.cpp/ns/K/meth(int)/x"]


def test_x4_an_anonymous_namespace_has_a_segment_unless_it_is_the_outermost(
    tmp_path: Path,
) -> None:
    source = """
        namespace { int lone; namespace inner { int named; namespace { int twice; } } }
        namespace outer { namespace { int nested; } }
        int *uses[] = {&lone, &inner::named, &inner::twice, &outer::nested};
    """

    assert sorted(paths(tmp_path, source)) == [
        "/global/uses/uses",
        "/static/f.cpp/(anonymous namespace)/inner/(anonymous namespace)/twice",
        "/static/f.cpp/inner/named",
        "/static/f.cpp/lone",
        "/static/f.cpp/outer/(anonymous namespace)/nested",
    ]


def test_x4_the_segment_is_there_when_another_variable_has_the_shorter_path(
    tmp_path: Path,
) -> None:
    source = """
        namespace { namespace a { int x __attribute__((used)); } }
        namespace a { static int x __attribute__((used)); }
    """

    assert paths(tmp_path, source) == [
        "/static/f.cpp/(anonymous namespace)/a/x",
        "/static/f.cpp/a/x",
    ]


def test_a_variable_that_many_units_describe_is_listed_once(tmp_path: Path) -> None:
    text = "inline int shared = 3; inline int count() { static int calls; return ++calls; }\n"
    sources: list[Path] = []
    for name in ("one", "two"):
        source = tmp_path / f"{name}.cpp"
        source.write_text(f"{text} int {name}() {{ return count() + shared; }}")
        sources.append(source)
    sources[0].write_text(sources[0].read_text() + "int main() { return 0; }")

    program = build(Recipe("g++", ("-g", "-std=c++17")), tmp_path, *sources)

    assert sorted(by_path(extract(program))) == ["/global/count()/calls", "/global/shared"]


def test_a_file_that_is_compiled_twice_has_numbered_variables(tmp_path: Path) -> None:
    source = tmp_path / "motor.c"
    source.write_text("static int speed[2]; int *GET(void) { return speed; }")
    objects = [
        compiled(source, f"-DGET={name}").rename(tmp_path / f"{name}.o")
        for name in ("left", "right")
    ]
    main = tmp_path / "main.c"
    main.write_text("int main(void) { return 0; }")

    extraction = extract(build(Recipe("gcc", ("-g",)), tmp_path, main, *objects))

    assert list(by_path(extraction)) == [
        "/static/motor.c/speed/speed",
        "/static/motor.c/speed#2/speed#2",
    ]


def test_leaves_of_different_variables_never_share_a_path(tmp_path: Path) -> None:
    structure, main = tmp_path / "structure.c", tmp_path / "main.cpp"
    structure.write_text("struct { int b; int c; } a;")
    main.write_text("namespace a { int b; } int main() { return 0; }")

    extraction = extract(build(Recipe("g++", ("-g",)), tmp_path, compiled(structure), main))

    assert sorted(by_path(extraction)) == ["/global/a/b", "/global/a/c"]
    assert [dropped.name for dropped in extraction.dropped] == ["/global/a/b"]


def test_static_variables_of_optimised_links_stay_with_their_file(tmp_path: Path) -> None:
    sources = [tmp_path / "one.c", tmp_path / "two.c"]
    sources[0].write_text("static volatile int x; int get(void) { return x++; }")
    sources[1].write_text(
        "static volatile int x; int get(void); int main() { return x++ + get(); }"
    )

    program = build(Recipe("gcc", ("-g", "-O2", "-flto")), tmp_path, *sources)

    assert sorted(by_path(extract(program))) == ["/static/one.c/x", "/static/two.c/x"]


def test_filtered_variables_are_neither_listed_nor_followed(tmp_path: Path) -> None:
    source = "struct S { int keep; int secret; } s; S *pointer; S *hidden; namespace os { S t; }"
    options = ExtractionOptions(
        dereference_pointers=True, path_patterns_ignored=("/global/os/*", "*/secret", "*hidden")
    )

    extraction = extracted(tmp_path, source, options=options)

    assert list(by_path(extraction)) == [
        "/global/s/keep",
        "/global/pointer",
        "/global/*pointer/keep",
    ]
    assert extraction.dropped == []


@pytest.mark.parametrize(
    ("pattern", "is_listed"),
    [("f.cpp", False), ("*/f.cpp", False), ("g.cpp", True), ("/f.cpp", True), ("*.cpp", False)],
)
def test_units_are_left_out_by_name_or_by_pattern(
    tmp_path: Path, pattern: str, *, is_listed: bool
) -> None:
    options = ExtractionOptions(unit_patterns_ignored=(pattern,))

    extraction = extracted(tmp_path, "int x;", options=options)

    assert list(by_path(extraction)) == (["/global/x"] if is_listed else [])


def test_a_slash_in_an_operator_makes_two_segments(tmp_path: Path) -> None:
    source = "struct K {}; int operator/(K const &, int q) { static int x; return x += q; }"

    found = by_path(extracted(tmp_path, source, options=DEREFERENCING))

    assert list(found) == ["/static/f.cpp/operator/(K const&, int)/x"]
