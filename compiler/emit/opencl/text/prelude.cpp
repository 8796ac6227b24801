// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The helpers, as text. Clang's builtins are used where the compiler has them, because libraries of built-in functions are slow to link (a
// conversion is a call there) or slow to run; each has a form in plain OpenCL C.
#include "compiler/emit/opencl/text/prelude.h"

#include <algorithm>

namespace cutrans::emit::text {
namespace {

std::string number(unsigned value) { return std::to_string(value); }
std::string vector(const char *base, unsigned lanes) { return lanes > 1 ? base + number(lanes) : base; }

// The vectoriser makes masked accesses of it where the machine has them: all lanes at once, or it would take the machine's narrower vectors and
// turn several times. No unrolling, which comes before it and would leave nothing to it.
constexpr char LanesLoop[] = "\n#pragma clang loop vectorize(enable) vectorize_width($0) interleave_count(1) unroll(disable)\nfor(int i=0;i<$0;++i)if(b.e[i])";

}  // namespace

std::string filled(const char *pattern, std::initializer_list<std::string> words) {
  std::string result;
  for (; *pattern; ++pattern)
    if (*pattern == '$') result += words.begin()[*++pattern - '0'];
    else result += *pattern;
  return result;
}

std::string Prelude::add(const std::string &name, const std::string &text) {
  if (have_.emplace(name, true).second) text_ += text;
  return name;
}

std::string Prelude::convert() {
  return add("cv", R"(#ifdef __has_builtin
#if __has_builtin(__builtin_convertvector)
#define cv(T,x) __builtin_convertvector(x,T)
#endif
#endif
#ifndef cv
#define cv(T,x) convert_##T(x)
#endif
)");
}

bool Prelude::isPacked(const Part &part, llvm::Align align) { return align.value() < part.containerBits() / 8 * part.lanes; }

std::string Prelude::memory(const Part &part, llvm::Align align) {
  std::string type = part.name();
  if (!isPacked(part, align)) return add("m" + type, "typedef " + type + " __attribute__((may_alias)) m" + type + ";\n");
  std::string name = "m" + type + "_" + number(unsigned(align.value()));
  return add(name, filled("typedef struct __attribute__((packed,aligned($0),may_alias)){$1 v;}$2;\n", {number(unsigned(align.value())), type, name}));
}

std::string Prelude::any(unsigned lanes) {
  std::string name = "any" + number(lanes);
  if (lanes == 16) return add(name, "static bool any16(char16 m){ulong2 t=as_ulong2(m);return (t.s0|t.s1)!=0;}\n");
  const char *type = lanes == 8 ? "ulong" : lanes == 4 ? "uint" : "ushort";
  return add(name, filled("static bool $0(char$1 m){return as_$2(m)!=0;}\n", {name, number(lanes), type}));
}

std::string Prelude::all(unsigned lanes) {
  std::string name = "all" + number(lanes), any = this->any(lanes);
  return add(name, filled("static bool $0(char$1 m){return !$2(~m);}\n", {name, number(lanes), any}));
}

// Each byte keeps a bit of its own; the product's top byte is their sum.
std::string Prelude::bits(unsigned lanes) {
  std::string name = "bits" + number(lanes);
  switch (lanes) {
    case 16:
      return add(name,
                 "static uint bits16(char16 m){ulong2 t=as_ulong2(m)&0x8040201008040201ul;"
                 "t=t*0x0101010101010101ul>>56;return (uint)(t.s0|t.s1<<8);}\n");
    case 8:
      return add(name,
                 "static uint bits8(char8 m){return (uint)((as_ulong(m)&0x8040201008040201ul)*0x0101010101010101ul>>56);}\n");
    case 4: return add(name, "static uint bits4(char4 m){return (as_uint(m)&0x08040201u)*0x01010101u>>24;}\n");
    default: return add(name, "static uint bits2(char2 m){uint t=as_ushort(m);return t&1|t>>8&2;}\n");
  }
}

std::string Prelude::fromBits(unsigned lanes) {
  std::string name = "mask" + number(lanes), list;
  for (unsigned i = 0; i < lanes; ++i) list += (i ? "," : "") + number(1u << i);
  if (lanes == 16) {
    convert();
    return add(name, "static char16 mask16(uint b){return cv(char16,((ushort16)((ushort)b)&(ushort16)(" + list + "))!=(ushort16)(0));}\n");
  }
  return add(name, filled("static char$0 $1(uint b){return ((uchar$0)((uchar)b)&(uchar$0)($2))!=(uchar$0)(0);}\n", {number(lanes), name, list}));
}

std::string Prelude::masked(Access access, const Part &part, llvm::Align align) {
  constexpr const char *Letters[] = {"ml_", "ms_", "mg_", "mx_"};
  bool stores = access == Access::Store || access == Access::Scatter, spread = access == Access::Gather || access == Access::Scatter;
  Part element = part.scalar();
  align = std::min(align, llvm::Align(element.containerBits() / 8));
  std::string type = part.name(), lanes = number(part.lanes), scalar = element.name();
  std::string name = Letters[unsigned(access)] + type + (isPacked(element, align) ? "_" + number(unsigned(align.value())) : "");
  std::string memoryType = memory(element, align), field = isPacked(element, align) ? ".v" : "";
  if (part.lanes == 1) {
    if (stores) return add(name, filled("static void $0(ulong p,$1 v,bool m){if(m)(*(__global $2*)p)$3=v;}\n", {name, type, memoryType, field}));
    return add(name, filled("static $1 $0(ulong p,$1 v,bool m){return m?(*(__global $2*)p)$3:v;}\n", {name, type, memoryType, field}));
  }
  std::string address = spread ? "ulong" + lanes : "ulong";
  std::string text = filled("static $0 $1($2 p,$3 v,char$4 m){\n", {stores ? "void" : type, name, address, type, lanes});
  if (!spread) {
    std::string whole = memory(part, align), access = filled("(*(__global $0*)p)$1", {whole, isPacked(part, align) ? ".v" : ""});
    text += "if(" + all(part.lanes) + "(m))" + (stores ? "{" + access + "=v;return;}\n" : "return " + access + ";\n");
  }
  text += filled("union{$0 v;$1 e[$2];}a;union{char$2 v;char e[$2];}b;a.v=v;b.v=m;", {type, scalar, lanes});
  std::string place;
  if (spread) {
    text += filled("union{ulong$0 v;ulong e[$0];}c;c.v=p;", {lanes});
    place = filled("(*(__global $0*)c.e[i])$1", {memoryType, field});
  } else {
    text += filled("__global $0*q=(__global $0*)p;", {memoryType});
    place = "q[i]" + field;
  }
  text += filled(LanesLoop, {lanes}) + (stores ? place + "=a.e[i];}\n" : "a.e[i]=" + place + ";\nreturn a.v;}\n");
  return add(name, text);
}

// Without the builtin: an atomic operation of these devices orders everything both ways.
std::string Prelude::fence() {
  return add("fence", R"(#ifdef __has_builtin
#if __has_builtin(__atomic_thread_fence)
#define fence(o) __atomic_thread_fence(o)
#endif
#endif
#ifndef fence
#define __ATOMIC_ACQUIRE 2
#define __ATOMIC_RELEASE 3
#define __ATOMIC_ACQ_REL 4
#define __ATOMIC_SEQ_CST 5
static void fence(int o){uint x=0;atomic_xchg((volatile __global uint*)(ulong)&x,1u);}
#endif
)");
}

std::string Prelude::exchangeSmall(unsigned bits) {
  std::string name = "cas" + number(bits);
  return add(name, filled(R"(static $0 $1(ulong p,$0 e,$0 n){
volatile __global uint*q=(volatile __global uint*)(p&~3ul);
uint s=(uint)(p&3)*8,k=$2u<<s,o=*q;
for(;;){
if((o>>s&$2u)!=e)return ($0)(o>>s);
uint f=atomic_cmpxchg(q,o,(o&~k)|(uint)n<<s);
if(f==o)return e;
o=f;
}}
)",
                          {bits == 8 ? "uchar" : "ushort", name, bits == 8 ? "0xff" : "0xffff"}));
}

std::string Prelude::halfToFloat(unsigned lanes) {
  std::string name = "h2f" + number(lanes), f = vector("float", lanes), u = vector("uint", lanes), h = vector("ushort", lanes);
  if (lanes > 1) convert();
  // Scaling gives subnormals and normal numbers their exponent, both exactly.
  return add(name, filled(R"(static $1 $0($3 h){
$2 x=$4,m=(x&0x7fffu)<<13,s=(x&0x8000u)<<16;
$2 r=as_$2(as_$1(m)*0x1p+112f);
r=m>=($2)(0x0f800000u)?m|0x7f800000u|$5:r;
return as_$1(r|s);}
)",
                          {name, f, u, h, lanes > 1 ? "cv(" + u + ",h)" : "(uint)h",
                           lanes > 1 ? "((m!=(" + u + ")(0x0f800000u))?(" + u + ")(0x400000u):(" + u + ")(0u))" : "(m!=0x0f800000u?0x400000u:0u)"}));
}

std::string Prelude::floatToHalf(unsigned lanes) {
  std::string name = "f2h" + number(lanes), f = vector("float", lanes), u = vector("uint", lanes), h = vector("ushort", lanes);
  if (lanes > 1) convert();
  // Subnormal results: adding 0.5 rounds at their last place. Others: add half of the last place, to even.
  return add(name, filled(R"(static $3 $0($1 x){
$2 b=as_$2(x),s=b&0x80000000u,a=b^s;
$2 n=(a+0xc8000fffu+(a>>13&1u))>>13;
$2 d=as_$2(as_$1(a)+0.5f)-0x3f000000u;
$2 i=a>($2)(0x7f800000u)?(a>>13&0x3ffu)|0x7e00u:($2)(0x7c00u);
$2 r=a>=($2)(0x47800000u)?i:a<($2)(0x38800000u)?d:n;
r|=s>>16;
return $4;}
)",
                          {name, f, u, h, lanes > 1 ? "cv(" + h + ",r)" : "(ushort)r"}));
}

std::string Prelude::floatToBfloat(unsigned lanes) {
  std::string name = "f2b" + number(lanes), f = vector("float", lanes), u = vector("uint", lanes), h = vector("ushort", lanes);
  if (lanes > 1) convert();
  return add(name, filled(R"(static $3 $0($1 x){
$2 b=as_$2(x),r=(b+0x7fffu+(b>>16&1u))>>16;
r=(b&0x7fffffffu)>($2)(0x7f800000u)?b>>16|0x40u:r;
return $4;}
)",
                          {name, f, u, h, lanes > 1 ? "cv(" + h + ",r)" : "(ushort)r"}));
}

std::string Prelude::rounding(const char *name, const char *builtin) {
  return add(std::string("e") + name, filled(R"(#ifdef __has_builtin
#if __has_builtin(__builtin_elementwise_$1)
#define e$0 __builtin_elementwise_$1
#endif
#endif
#ifndef e$0
#define e$0 $0
#endif
)",
                                             {name, builtin}));
}

// OpenCL has no clock: where the compiler has none either, the program is not built.
std::string Prelude::cycles() {
  return add("cycles", R"(#ifdef __has_builtin
#if __has_builtin(__builtin_readcyclecounter)
#define cycles __builtin_readcyclecounter
#endif
#endif
#ifndef cycles
#error the kernel reads the clock, and this compiler has no counter
#endif
)");
}

std::string Prelude::copy() {
  return add("copy", "static void copy(ulong d,ulong s,ulong n){for(ulong i=0;i<n;++i)((__global uchar*)d)[i]=((__global uchar*)s)[i];}\n");
}

std::string Prelude::move() {
  return add("move",
             "static void move(ulong d,ulong s,ulong n){if(d<s)for(ulong i=0;i<n;++i)((__global uchar*)d)[i]=((__global uchar*)s)[i];\n"
             "else for(ulong i=n;i--;)((__global uchar*)d)[i]=((__global uchar*)s)[i];}\n");
}

std::string Prelude::fill() {
  return add("fill", "static void fill(ulong d,uchar v,ulong n){for(ulong i=0;i<n;++i)((__global uchar*)d)[i]=v;}\n");
}

}  // namespace cutrans::emit::text
