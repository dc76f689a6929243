"""Readable C++ names: the same text as c++filt of binutils."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scrutiny.sfd.dwarf.demangle import demangle, demangled_segments

# Each expectation is what c++filt of binutils 2.40 prints.
READABLE = {
    "_ZZ2fnIsEivE1x": "fn<short>()::x",
    "_ZZ2fnIsEivENKUlvE_clEv": "fn<short>()::{lambda()#1}::operator()() const",
    "_ZZZ2fnIsEivENKUlvE_clEvE1y": "fn<short>()::{lambda()#1}::operator()() const::y",
    "_ZZ1fIiEDaT_ENKUlS0_E_clIdEEDaS0_": (
        "auto f<int>(int)::{lambda(auto:1)#1}::operator()<double>(double) const"
    ),
    "_ZZN1AC1EvE1x": "A::A()::x",
    "_ZZN1AcviEvE1x": "A::operator int()::x",
    "_ZZ3foovE1x_0": "foo()::x",
    "_ZZ3foovE1x__12_": "foo()::x",
    "_ZZ3foovEs": "foo()::string literal",
    "_ZZ3foovEd0_NKUlvE_clEv": "foo()::{default arg#2}::{lambda()#1}::operator()() const",
    "_ZGVZ3foovE1x": "guard variable for foo()::x",
    "_ZN2ns1SUt0_1xE": "ns::S::{unnamed type#2}::x",
    "_ZN1x1yMUlvE_E": "x::y::{lambda()#1}",
    "_ZNK1xMUliE_clEi": "x::{lambda(int)#1}::operator()(int) const",
    "_ZN12_GLOBAL__N_13fooIiEEvT_": "void (anonymous namespace)::foo<int>(int)",
    "_ZN2nsL1xE": "ns::x",
    "_ZL1xIiE": "x<int>",
    "_ZN2ns4tvarIiLi4EE1vE": "ns::tvar<int, 4>::v",
    "_ZN3TplIN1a12_GLOBAL__N_11HELi3EE2svE": "Tpl<a::(anonymous namespace)::H, 3>::sv",
    "_ZN2nsDC1a1bEE": "ns::[a, b]",
    "_ZN1A3varB5cxx11E": "A::var[abi:cxx11]",
    "_ZN1AB2t1B2t2C1Ev": "A[abi:t1][abi:t2]::A()",
    "_ZN1AIiEC1IcEET_": "A<int>::A<char>(char)",
    "_ZN1ACI21BEi": "A::B(int)",
    "_ZNSt1aB2t1IiE1fES_S0_": "std::a[abi:t1]<int>::f(std::a[abi:t1], std::a[abi:t1]<int>)",
    "_ZNSdB2t11fES_": (
        "std::basic_iostream<char, std::char_traits<char> >[abi:t1]::f("
        "std::basic_iostream<char, std::char_traits<char> >[abi:t1])"
    ),
    "_ZN1AD0Ev": "A::~A()",
    "_ZNSsC1ERKSs": (
        "std::basic_string<char, std::char_traits<char>, std::allocator<char> "
        ">::basic_string(std::basic_string<char, std::char_traits<char>, "
        "std::allocator<char> > const&)"
    ),
    "_ZNSaIcED2Ev": "std::allocator<char>::~allocator()",
    "_ZNSt8ios_base4InitC1Ev": "std::ios_base::Init::Init()",
    "_ZSt4cout": "std::cout",
    "_ZNSt6vectorIN2ns1TESaIS1_EE9push_backERKS1_": (
        "std::vector<ns::T, std::allocator<ns::T> >::push_back(ns::T const&)"
    ),
    "_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc": (
        "std::basic_ostream<char, std::char_traits<char> >& std::operator<< "
        "<std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&, "
        "char const*)"
    ),
    "_ZN1AILi3ELin3ELj3ELl3ELm3ELx3ELy3ELs3ELc97ELb1ELb0ELDn0ELf3f800000EL1E1EE1xE": (
        "A<3, -3, 3u, 3l, 3ul, 3ll, 3ull, (short)3, (char)97, true, false, "
        "(decltype(nullptr))0, (float)[3f800000], (E)1>::x"
    ),
    "_ZN1AIXadL_Z1xEEE1vE": "A<&x>::v",
    "_ZN1AIXadL_Z3fooiEEE1vE": "A<&(foo(int))>::v",
    "_ZN1AIXadL_ZN1M3fooEiEEE1vE": "A<&M::foo>::v",
    "_ZN1AIL_Z1xEE1vE": "A<x>::v",
    "_ZN1AILPFvvE0EE1xE": "A<(void (*)())0>::x",
    "_ZN1AIJiiEE1xE": "A<int, int>::x",
    "_ZN1AIJEE1xE": "A<>::x",
    "_ZN1AI6vectorE1xE": "A<vector>::x",
    "_Z1fIJidEEvDpRKT_": "void f<int, double>(int const&, double const&)",
    "_Z1fIJEEviDpT_": "void f<>(int)",
    "_ZNK3FooclIJEEEvv": "void Foo::operator()<>() const",
    "_Z1fIXgtLi3ELi4EEEvv": "void f<((3)>(4))>()",
    "_Z1fIiEvNSt9enable_ifIXaantsrSt7is_voidIT_E5valuegtstS1_Li2EEiE4typeE": (
        "void f<int>(std::enable_if<(!std::is_void<int>::value)&&(((sizeof "
        "(std::is_void))>(2))), int>::type)"
    ),
    "_Z1fIiEDTcl3bartlT_Li1EEfp_EES0_": "decltype (bar(int{1}, {parm#1})) f<int>(int)",
    "_Z1fIiEDTqufp_Li1ELi2EET_": "decltype ({parm#1}?(1) : (2)) f<int>(int)",
    "_Z1fIJidEEvNSt9enable_ifIXeqsZT_Li2EEiE4typeE": (
        "void f<int, double>(std::enable_if<(2)==(2), int>::type)"
    ),
    "_Z1fIJiiEEDTfraafp_EDpT_": "decltype (({parm#1}&&...)) f<int, int>(int, int)",
    "_Z1fIiEDTcmptfp_1dscifp_ES0_": (
        "decltype (({parm#1}->d),(static_cast<int>({parm#1}))) f<int>(decltype "
        "(({parm#1}->d),(static_cast<int>({parm#1}))))"
    ),
    "_Z1fIiEDTppfp_ET_": "decltype ({parm#1}++) f<int>(int)",
    "_Z1fIiEDTpp_fp_ET_": "decltype (++{parm#1}) f<int>(int)",
    "_Z1fIiEDTnw_T_piLi3EEES0_": "decltype (new int(3)) f<int>(int)",
    "_Z1fPKPVi": "f(int volatile* const*)",
    "_Z1fPFPFicEvE": "f(int (*(*)())(char))",
    "_Z1fM1AKFviRE": "f(void (A::*)(int) const &)",
    "_Z1fM1Ai": "f(int A::*)",
    "_Z1fM1AA3_i": "f(int (A::*) [3])",
    "_Z1fRA3_A4_Ki": "f(int const (&) [3][4])",
    "_Z1fPDoFvvE": "f(void (*)() noexcept)",
    "_Z1fFvizE": "f(void (int, ...))",
    "_Z1fIRiEvOT_": "void f<int&>(int&)",
    "_Z1fIA3_iEvRKT_": "void f<int [3]>(int const (&) [3])",
    "_Z1fIKiEvRKT_": "void f<int const>(int const&)",
    "_Z1fIFvvEEvM1AT_": "void f<void ()>(void (A::*)())",
    "_Z1fIPFivEET_v": "int (*f<int (*)()>())()",
    "_Z1fDv4_fCdU3AS1PiDnDiu3foo": (
        "f(float __vector(4), double _Complex, int* AS1, decltype(nullptr), char32_t, foo)"
    ),
    "_ZNVKO1A1fEv": "A::f() const volatile &&",
    "_ZN1AcvPFvvEEv": "A::operator void (*)()()",
    "_ZN1AcvT_IPiEEv": "A::operator int*<int*>()",
    "_ZN1AltIiEEvT_": "void A::operator< <int>(int)",
    "_ZN1AptEv": "A::operator->()",
    "_ZN1AclEv": "A::operator()()",
    "_ZN1AssERKS_": "A::operator<=>(A const&)",
    "_ZN1AdaEPv": "A::operator delete[](void*)",
    "_ZnwmRKSt9nothrow_t": "operator new(unsigned long, std::nothrow_t const&)",
    "_Zli4_degd": 'operator"" _deg(double)',
    "_ZTVN2ns1AE": "vtable for ns::A",
    "_ZTTN2ns1AE": "VTT for ns::A",
    "_ZTI1A": "typeinfo for A",
    "_ZTSP1A": "typeinfo name for A*",
    "_ZThn16_N1A1fEv": "non-virtual thunk to A::f()",
    "_ZTv0_n24_N1A1fEv": "virtual thunk to A::f()",
    "_ZTch0_h16_N1A1fEv": "covariant return thunk to A::f()",
    "_ZTC1A0_1B": "construction vtable for B-in-A",
    "_ZTW1x": "TLS wrapper function for x",
    "_ZTHN1a1xE": "TLS init function for a::x",
    "_ZTAXtl1ALi1EEE": "template parameter object for A{1}",
    "_Z3foov.isra.0": "foo() [clone .isra.0]",
    "_Z3foov.constprop.0.llvm.123": "foo() [clone .constprop.0] [clone .llvm.123]",
    "_ZN1A3fooEv.123": "A::foo() [clone .123]",
    "_ZN4llvm11PassManagerINS_6ModuleENS_15AnalysisManagerIS1_JEEEJEE3runEv": (
        "llvm::PassManager<llvm::Module, llvm::AnalysisManager<llvm::Module>>::run()"
    ),
    "_Z1fIiEDTclsr3stdE5beginfp_EET_": "decltype (std::begin({parm#1})) f<int>(int)",
    "_Z1fIiEDTsrNT_1BE1cES0_": "decltype (int::B::c) f<int>(int)",
    "_ZN1AIXadsr1B3fooEE1xE": "A<&B::foo>::x",
    "_Z1fIiEDTclonplfp_fp_EET_": "decltype ((operator+)({parm#1}, {parm#1})) f<int>(int)",
    "_Z1fIiEDTclonplIT_Efp_fp_EES0_": (
        "decltype ((operator+<int>)({parm#1}, {parm#1})) f<int>(int)"
    ),
    "_Z1fIJiiEEDTfRplspfp_Li0EEDpT_": "decltype ((({parm#1}...)+...+(0))) f<int, int>(int, int)",
    "_Z1fIJiiEEDTfLplLi0Efp_EDpT_": "decltype (((0)+...+{parm#1})) f<int, int>(int, int)",
    "_Z1fIJiiEEDTflplfp_EDpT_": "decltype ((...+{parm#1})) f<int, int>(int, int)",
    "_Z1fIJiiEEDTclL_Z3barEspfp_EEDpT_": "decltype (bar({parm#1}...)) f<int, int>(int, int)",
    "_Z1fIiEDTilfp_Li2EEET_": "decltype ({{parm#1}, 2}) f<int>(int)",
    "_Z1fIiEDTcvT_fp_ES0_": "decltype ((int){parm#1}) f<int>(int)",
    "_Z1fIiEDTcvT__fp_Li2EEES0_": "decltype ((int)({parm#1}, 2)) f<int>(int)",
    "_Z1fIiEDTazfp_ET_": "decltype (alignof {parm#1}) f<int>(int)",
    "_Z1fIiEDTszfp_ET_": "decltype (sizeof {parm#1}) f<int>(int)",
    "_Z1fIiEDTtrET_": "decltype (throw) f<int>(int)",
    "_Z1fIiEDTtwfp_ET_": "decltype (throw {parm#1}) f<int>(int)",
    "_Z1fIiEDTgs3xyzET_": "decltype (::xyz) f<int>(int)",
    "_Z1fIiEDTmmfp_ET_": "decltype ({parm#1}--) f<int>(int)",
    "_Z1fIiEDTmm_fp_ET_": "decltype (--{parm#1}) f<int>(int)",
    "_Z1fIiEDTixfp_Li1EET_": "decltype ({parm#1}[1]) f<int>(int)",
    "_Z1fIiEDTdtfp_1xET_": "decltype ({parm#1}.x) f<int>(int)",
    "_Z1fIiEDTdtfp_1xIT_EES0_": "decltype ({parm#1}.(x<int>)) f<int>(int)",
    "_Z1fIiEDTnwfp__T_EES0_": "decltype (new ({parm#1}) int) f<int>(int)",
    "_Z1fIiEDTnw_T_ilLi3EEES0_": "decltype (new int{3}) f<int>(int)",
    "_Z1fIiEDTna_T_EES0_": "decltype (new int) f<int>(int)",
    "_Z1fIiEDTdlfp_ET_": "decltype (delete {parm#1}) f<int>(int)",
    "_Z1fIiEDTdafp_ET_": "decltype (delete[] {parm#1}) f<int>(int)",
    "_Z1fIiEDTfpTET_": "decltype (this) f<int>(int)",
    "_Z1fIiEDTfp0_ET_i": "decltype ({parm#2}) f<int>(int, int)",
    "_Z1fIiEDTrcPKvfp_ET_": "decltype (reinterpret_cast<void const*>({parm#1})) f<int>(int)",
    "_Z1fIiEDTdcP1Afp_ET_": "decltype (dynamic_cast<A*>({parm#1})) f<int>(int)",
    "_Z1fIiEDTccPifp_ET_": "decltype (const_cast<int*>({parm#1})) f<int>(int)",
    "_Z1fIJidEEDTsZT_EDpT_": "decltype (2) f<int, double>(int, double)",
    "_Z1fPDOLb1EEFvvE": "f(void (*)() noexcept(true))",
    "_Z1fPDwilEFvvE": "f(void (*)() throw(int, long))",
    "_Z1fPDxFvvE": "f(void (*)() transaction_safe)",
    "_Z1fPDoDxFvvE": "f(void (*)() transaction_safe noexcept)",
    "_Z1fGd": "f(double _Imaginary)",
    "_Z1fDF16_": "f(_Float16)",
    "_Z1fDF32x": "f(_Float32x)",
    "_Z1fDF16b": "f(std::bfloat16_t)",
    "_Z1fILi4EEvRAT__i": "void f<4>(int (&) [4])",
    "_Z1fILi4EEvDv_T__f": "void f<4>(float __vector(4))",
    "_Z1fA_i": "f(int [])",
    "_Z1fPA_i": "f(int (*) [])",
    "_Z1fU5vqualIiEPi": "f(int* vqual<int>)",
    "_ZN1AaNERKS_": "A::operator&=(A const&)",
    "_ZGTtN1A1fEv": "transaction clone for A::f()",
    "_ZGTnN1A1fEv": "non-transaction clone for A::f()",
    "_ZN1Av23fooEi": "A::operator foo(int)",
    "_ZTF1A": "typeinfo fn for A",
    "_ZNDTfp_E1xE": "decltype ({parm#1})::x",
    "_Z1fIiENDtfp_E4typeET_": "decltype ({parm#1})::type f<int>(int)",
    "_ZN1AIDcE1xE": "A<decltype(auto)>::x",
    "_ZN1AIFvRiRKdEE1xE": "A<void (int&, double const&)>::x",
    "_ZN1AIFvvOEE1xE": "A<void () &&>::x",
    "_ZN1AIPFYvvEE1xE": "A<void (*)()>::x",
    "_Z1fVKPrKi": "f(int const restrict* const volatile)",
    "_Z1fIPKcEvT_rS1_": "void f<char const*>(char const*, char const* restrict)",
    "_ZN1AIXLi3EEE1xE": "A<3>::x",
    "_Z1fIiLi3EEv1AIXplT0_Li2EEE": "void f<int, 3>(A<(3)+(2)>)",
    "_ZNK1AIiE1BIdE1fIcEEiT_": "int A<int>::B<double>::f<char>(char) const",
    "_ZN1A1BC2IiEET_": "A::B::B<int>(int)",
    "_ZSt4swapIiEvRT_S1_": "void std::swap<int>(int&, int&)",
    "_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJPFvvEEEEEE6_M_runEv": (
        "std::thread::_State_impl<std::thread::_Invoker<std::tuple<void (*)()> > >::_M_run()"
    ),
    "_ZNKSt8functionIFviEEclEi": "std::function<void (int)>::operator()(int) const",
    "_ZNSt14numeric_limitsIiE3maxEv": "std::numeric_limits<int>::max()",
    "_ZN1AIXcviLd4000000000000000EEE1xE": "A<(int)((double)[4000000000000000])>::x",
    "_ZN1AILeffEE1xE": "A<(long double)[ff]>::x",
}


@pytest.mark.parametrize("name", READABLE)
def test_a_name_is_written_as_cppfilt_writes_it(name: str) -> None:
    assert demangle(name) == READABLE[name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_ZGRN2ns1xE_", "reference temporary #0 for ns::x"),
        ("_ZGRN2ns1xE1_", "reference temporary #2 for ns::x"),
        ("_ZGR1x_", "reference temporary #0 for x"),
        ("_ZGRL1x_", "reference temporary #0 for x"),
        (
            "_ZNK4glamMUlT_DpT0_E_clIiJEEEDaS_S1_",
            "auto glam::{lambda(auto:1, (auto:2)...)#1}::operator()<int>(glam) const",
        ),
        ("_Z1fIiEDTtiT_ES0_", "decltype (typeid (int)) f<int>(int)"),
        ("_Z1fIiEDTnxfp_ET_", "decltype (noexcept({parm#1})) f<int>(int)"),
        ("_Z1fIiEDTfL0p_ET_", "decltype ({parm#1}) f<int>(int)"),
        ("_Z1fu3fooIiE", "f(foo<int>)"),
        ("_Z1fIFvvEEvRKT_", "void f<void ()>(void (&)() const)"),
    ],
)
def test_some_names_are_read_that_cppfilt_leaves_alone_or_garbles(name: str, text: str) -> None:
    assert demangle(name) == text


@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("_Z3foo", ["foo"]),
        ("_ZL3foo", ["foo"]),
        ("_ZN3foo3barE", ["foo", "bar"]),
        ("_ZN3fooL3barE", ["foo", "bar"]),
        ("_ZN2ns12_GLOBAL__N_11xE", ["ns", "(anonymous namespace)", "x"]),
        ("_ZN2ns1AINS_1BEE1xE", ["ns", "A<ns::B>", "x"]),
        ("_ZZN2ns1fENS_1TEE1x", ["ns", "f(ns::T)", "x"]),
        ("_ZZ2fnIsEivE1x", ["fn<short>()", "x"]),
        ("_Z2fnIsEiv", ["int fn<short>()"]),
        ("_ZZN1AclEvE1x", ["A", "operator()()", "x"]),
        ("_ZZN1AixEiE1x", ["A", "operator[](int)", "x"]),
        ("_ZZN1AptEvE1x", ["A", "operator->()", "x"]),
        ("_ZZN1ApmEN2ns1TEE1x", ["A", "operator->*(ns::T)", "x"]),
        ("_ZZN1AltERKN2ns1TEE1x", ["A", "operator<(ns::T const&)", "x"]),
        ("_ZZN1AltIN2ns1TEEEvT_E1x", ["A", "operator< <ns::T>(ns::T)", "x"]),
        ("_ZZN1AgtIN2ns1TEEEvT_E1x", ["A", "operator><ns::T>(ns::T)", "x"]),
        ("_ZZN1AlsIiEEvT_E1x", ["A", "operator<< <int>(int)", "x"]),
        ("_ZZN1AssERKS_E1x", ["A", "operator<=>(A const&)", "x"]),
        ("_ZZN1AcvbEvE1x", ["A", "operator bool()", "x"]),
        ("_ZZN10myoperatorIN1a1bEE1fEvE1x", ["myoperator<a::b>", "f()", "x"]),
        ("_ZZZ1fvENKUlN1a1bEE_clES0_E1x",
         ["f()", "{lambda(a::b)#1}", "operator()(a::b) const", "x"]),
        ("_ZN1AIXgtLi3ELi2EEN2ns1BEE1xE", ["A<((3)>(2)), ns::B>", "x"]),
    ],
)  # fmt: skip
def test_segments_end_at_colons_outside_of_brackets(name: str, segments: list[str]) -> None:
    assert demangled_segments(name) == segments
    assert demangle(name) == "::".join(segments)


@pytest.mark.parametrize(
    "name",
    [
        "", "main", "_", "_Z", "_Zfoo", "_ZN", "_ZNE", "_ZN3foo", "_ZN3fooE1", "_Z4foo", "_Z0foo",
        "_ZN3foo4barE", "_Z3fooS_", "_Z3fooS0_", "_Z3fooT_", "_Z1fvE", "_Z1f.",
        "_ZZ3foovE", "_ZN1ALi3EE", "_Z1fIXEEvv", "_ZTV", "_ZC1Ev", "\udc80_Z1fv", "_Z1\udc80v",
        "_Z3gr\u00f6",
    ],
)  # fmt: skip
def test_what_is_no_mangled_name_gives_none(name: str) -> None:
    assert demangle(name) is None
    assert demangled_segments(name) is None


def test_x7_lengths_count_octets_of_utf8() -> None:
    assert demangle("_ZN7größe1xE") == "größe::x"
    assert demangled_segments("_ZZN7größe1fEvE2µ") == ["größe", "f()", "µ"]
    assert demangle("_Z3µs") == "µs"


def doubling(levels: int) -> str:
    """Return a name in which each template instance contains the one before twice."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    back = [digits[i // 36].lstrip("0") + digits[i % 36] for i in range(levels)]
    return "_Z1f1AIiiE" + "".join(f"1AIS{index}_S{index}_E" for index in back)


@pytest.mark.parametrize(
    "name",
    [
        doubling(1000),
        "_Z1fI" + "1AI" * 1000 + "i" + "E" * 1001 + "vv",
        "_Z1f" + "P" * 10_000 + "i",
        "_ZN" + "1a" * 5000 + "C1Ev",
        "_ZN1a" + "1bIiE" * 2000 + "E",
        "_Z" + "9" * 10_000,
        "_Z1fIJ" + "J" * 5000,
        "_Z1fIJ" + "i" * 4000 + "EEv" + "Dp1AIDpT_E" * 500,
        "_Z1fI" + "X" + "ng" * 5000 + "Li1EEEvv",
    ],
    ids=lambda name: name[:12],
)
def test_a_name_made_to_be_expensive_is_given_up(name: str) -> None:
    assert demangle(name) is None


def test_a_long_honest_name_is_read() -> None:
    nested = "_ZN1xI" + "1AI" * 50 + "i" + "E" * 51 + "1yE"
    flat = "_Z1f" + "i" * 2000

    assert (demangle(nested) or "").count("A<") == 50
    assert (demangle(flat) or "").count("int") == 2000


PROGRAM = r"""
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>
#define K __attribute__((used))
namespace a {
namespace b { K int v; static K int w; inline namespace v1 { K int in1; } }
namespace { K int anon; struct H { static inline K int q; void m() { static K int z; z++; } }; }
K void use() { H h; h.m(); }
}
template <class T, int N> struct Tpl {
    static inline T sv{};
    template <class U> static inline U in{};
};
K void* p1[] = {&Tpl<int, 4>::sv, &Tpl<a::H, -3>::sv, &Tpl<int, 2>::in<double>,
                &Tpl<std::string, 2>::in<std::vector<int>>};
template <class T> T tvar = T{};
K void* p2[] = {&tvar<int>, &tvar<void (*)(int)>, &tvar<int a::H::*>};
enum class Gear : unsigned char { Park, Drive = 7 };
template <Gear G, bool B, char C, unsigned long L, long long M, unsigned U, short S> struct Lit {
    static inline int x;
};
K void* p3[] = {&Lit<Gear::Drive, true, 'a', 3, -4, 5, -6>::x};
template <class... T> struct Pk {
    static inline int x;
    template <class... U> static int f(U&&... u) { static K int st; return st + sizeof...(u); }
};
K void* p4[] = {&Pk<>::x, &Pk<int>::x, &Pk<int, char const&, std::tuple<int, double>>::x};
K int p5 = Pk<int>::f(1, 2.0, "x") + Pk<>::f();
template <template <class...> class C> struct TT { static inline int x; };
K void* p6[] = {&TT<std::vector>::x, &TT<Pk>::x};
int target;
void tfn(int);
struct M {
    int d;
    M() { static K int ctor; ctor++; }
    ~M() { static K int dtor; dtor++; }
    int f(int) const noexcept;
    void g() &;
    void h() &&;
    operator bool() const { static K int x; return x; }
    template <class T> operator T*() { static K int x; return (T*)&x; }
    int operator()(int) const { static K int x; return x; }
    M& operator<<(int) { static K int x; x++; return *this; }
    bool operator<(M const&) const { static K int x; return x; }
    template <class T> bool operator>(T const&) const { static K int x; return x; }
    int operator[](int) { static K int x; return x; }
    M* operator->() { static K int x; x++; return this; }
};
void M::g() & {}
void M::h() && {}
int M::f(int) const noexcept { return 0; }
K int um(M& m) {
    static K thread_local int tl;
    M const& c = m;
    int* q = m;
    return bool(c) + m(3) + (m < m) + (m > 3) + m[2] + (m << 2).operator->()->d + *q + tl;
}
template <auto V> struct Av { static inline int x; };
K void* p7[] = {&Av<&target>::x, &Av<&tfn>::x, &Av<&M::d>::x, &Av<&M::f>::x, &Av<3>::x,
                &Av<nullptr>::x};
template <class F> struct Fn { static inline int x; };
K void* p8[] = {
    &Fn<void()>::x, &Fn<int(int, ...)>::x, &Fn<void (M::*)(int) const>::x, &Fn<int M::*>::x,
    &Fn<int[3]>::x, &Fn<int const (&)[2][3]>::x, &Fn<void (*(*)(int))(char)>::x,
    &Fn<void() const>::x, &Fn<void() &>::x, &Fn<void (*)() noexcept>::x, &Fn<int&&>::x,
    &Fn<volatile int* const*>::x, &Fn<__int128>::x, &Fn<char16_t>::x, &Fn<decltype(nullptr)>::x,
    &Fn<std::map<std::string, std::vector<std::array<int, 3>>>>::x, &Fn<float _Complex>::x,
    &Fn<unsigned char[]>::x, &Fn<int (M::**)[3]>::x, &Fn<int (*const)(int (*)(int))>::x,
    &Fn<int* (&)[4]>::x, &Fn<int (*(*)[3])[4]>::x};
K int fn(int) { static K int x; { static K int x; x++; } { static K int x; x++; } return ++x; }
template <class T> K int tfun() { static K T x; x++; return 0; }
template int tfun<short>();
template <class T> K auto tf2(T t) -> decltype(t + 1) { static K int x; x++; return t; }
template auto tf2<double>(double) -> decltype(1. + 1);
template <class T, std::enable_if_t<std::is_integral<T>::value && (sizeof(T) > 2), int> = 0>
K void sf(T) { static K int x; x++; }
template void sf<int, 0>(int);
template <class T> K typename std::enable_if<!std::is_void<T>::value, int>::type sf2(T) {
    static K int x;
    return x;
}
template int sf2<int>(int);
template <class... T> K auto fold(T... t) -> decltype((t + ...)) { static K int x; x++; return 0; }
template auto fold<int, int>(int, int) -> decltype((1 + 1));
template <class T>
K auto mem(T* p) -> decltype(p->d, static_cast<int>(p->d), p->f(1), -p->d, p ? 1 : 2, T()) {
    static K int x;
    x++;
    return T();
}
template auto mem<M>(M* p) -> M;
K auto lam = [](int q) { static K int x; return x + q; };
K auto glam = [](auto q, int r) { static K int x; return x + r; };
K int l0 = lam(1) + glam(2, 3) + glam(3.0, 4);
namespace ns {
struct S {
    int (*m)() = [] { static K int x; return ++x; };
    struct { int y; } u;
    int meth() {
        static K int x;
        auto l = [this](S* s) { static K int in; return in; };
        return l(this) + x;
    }
    template <class T> int tm(T, int = [] { static K int da; return da; }()) {
        static K int x;
        return x;
    }
};
inline K S s;
K int use = s.m() + s.meth() + s.tm(3) + s.tm("abc");
struct { int z; } K un;
K int f(decltype(un)&) { static K int x; return x; }
auto [q1, q2] = std::tuple<int, int>(1, 2);
}
template <class T> K auto ll(T t) {
    return [t](auto u) {
        static K int x;
        struct Loc { T m; static int g() { static K int y; return y; } };
        return x + Loc::g();
    };
}
K int lu = ll(1)(2.0) + ll('x')(3);
long double operator"" _deg(long double v) { static K int x; return v + x; }
struct V { virtual ~V(); virtual int f(); };
struct W : virtual V { int f() override; };
V::~V() {}
int V::f() { return 0; }
int W::f() { return 1; }
K W w;
[[gnu::abi_tag("tag1")]] K int tagged;
struct [[gnu::abi_tag("t2", "t1")]] Tg { Tg() { static K int x; x++; } static inline K int sv; };
K Tg tg;
typedef float v4 __attribute__((vector_size(16)));
K void vec(v4, v4*) { static K int x; x++; }
template <int N> K void arr(int (&)[N]) { static K int x; x++; }
template void arr<3>(int (&)[3]);
template <class T> struct Outer {
    template <class U> struct Inner {
        template <class X> static int f(X) { static K int x; return x; }
        static inline int sv;
    };
};
K int oi = Outer<int>::Inner<char>::f(Outer<int>()) + Outer<a::H>::Inner<M>::sv;
K void takes(std::string const&, std::ostream&, decltype(nullptr), const volatile void*) {
    static K int x;
    x++;
}
extern "C" K int cfun() { static K int x; return x; }
struct B1 { B1(int); };
B1::B1(int) { static K int x; x++; }
struct D1 : B1 { using B1::B1; };
K D1 d1(3);
template <class T, class U = decltype(std::declval<T>().size())> K void dsz(T const& t) {
    static K int x;
    x++;
}
template void dsz<std::string>(std::string const&);
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_names_of_compiled_code_are_written_as_cppfilt_writes_them(
    compiler: str, tmp_path: Path
) -> None:
    for tool in (compiler, "nm", "c++filt"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    source = tmp_path / "names.cpp"
    source.write_text(PROGRAM)
    program = tmp_path / "names.o"
    subprocess.run([compiler, "-std=c++17", "-w", "-c", source, "-o", program], check=True)
    listing = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    names = sorted({word for word in listing.split() if word.startswith("_Z")})

    filtered = subprocess.run(
        ["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True
    )

    assert len(names) > 150
    expected = dict(zip(names, filtered.stdout.splitlines(), strict=True))
    assert {name: demangle(name) for name in names} == expected
