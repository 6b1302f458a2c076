// What compaction.cu asks of libstdc++, for programs with libc++ (scripts/wheel.sh): the compiler
// for nvcc is g++ there too. Both libraries lay exceptions out alike, and each catches the other's.

#include <new>
#include <stdexcept>

#if defined(_LIBCPP_VERSION)
namespace cucurbit::cuda {

/// libstdc++'s std::string, which begins with the address of its text.
struct ForeignString {
    const char* text;
};

void make_error(void* at, const ForeignString& what) asm(
    "_ZNSt13runtime_errorC2ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE");
void make_error(void* at, const ForeignString& what) {
    new (at) std::runtime_error(what.text);
}

[[noreturn]] void throw_length_error(const char* what) asm("_ZSt20__throw_length_errorPKc");
void throw_length_error(const char* what) {
    throw std::length_error(what);
}

[[noreturn]] void throw_logic_error(const char* what) asm("_ZSt19__throw_logic_errorPKc");
void throw_logic_error(const char* what) {
    throw std::logic_error(what);
}

// Of streams, which libc++ makes itself.
void make_streams(void* init) asm("_ZNSt8ios_base4InitC1Ev");
void make_streams(void* /*init*/) {}
void end_streams(void* init) asm("_ZNSt8ios_base4InitD1Ev");
void end_streams(void* /*init*/) {}

}  // namespace cucurbit::cuda
#endif
