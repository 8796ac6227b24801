// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Templates: $t the type, $e its element, $m masks of as many lanes, $L the lanes, {n} the constant n in all lanes, {n:i8} of another element type; %a %b %c are
// operands, %r the result, other names are the template's own. "TYPE: text" where the result's element type is another.
#include "tests/passes/opencl/operations.h"

#include <cctype>
#include <functional>
#include <random>

namespace cutrans::test {

const char TestLayout[] = "target datalayout = \"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128\"\n";

namespace {

class Maker {
 public:
  Maker(std::string name, unsigned lanes, unsigned seed) : lanes_(lanes), random_(seed) {
    kernel_.text = "define void @" + name + "(ptr %arguments) {\n  %out = load ptr, ptr %arguments\n  %second = getelementptr i8, ptr %arguments, i64 8\n  %in = load ptr, ptr %second\n";
  }

  std::string type(const std::string &element) const { return lanes_ == 1 ? element : "<" + std::to_string(lanes_) + " x " + element + ">"; }
  std::string splat(const std::string &element, const std::string &value) const {
    return lanes_ == 1 ? value : "splat (" + element + " " + value + ")";
  }
  static unsigned bits(const std::string &element) {
    if (element == "float") return 32;
    if (element == "double") return 64;
    if (element == "half" || element == "bfloat") return 16;
    return unsigned(std::stoul(element.substr(1)));
  }
  void line(const std::string &text) { kernel_.text += "  " + text + "\n"; }
  std::string fresh() { return "%v" + std::to_string(next_++); }

  // Random floats of moderate size lie in the first half of the input, any bits in the second.
  std::string load(const std::string &element, bool anyBits = false) {
    size_t bytes = lanes_ * bits(element) / 8, half = InputBytes / 2;
    bool isFloat = element == "float" && !anyBits;
    size_t offset = random_() % (half - bytes) / 4 * 4 + (isFloat ? 0 : half);
    std::string at = fresh(), value = fresh();
    line(at + " = getelementptr i8, ptr %in, i64 " + std::to_string(offset));
    line(value + " = load " + type(element) + ", ptr " + at + ", align 1");
    return value;
  }

  void store(const std::string &element, std::string value, const std::string &what) {
    std::string kind = element;
    if (element == "float" || element == "double" || element == "half") {  // all NaN are alike
      std::string isNan = fresh(), one = fresh();
      std::string compared = value, as = element;
      if (element == "half") compared = fresh(), line(compared + " = fpext " + type("half") + " " + value + " to " + type("float")), as = "float";
      line(isNan + " = fcmp uno " + type(as) + " " + compared + ", " + compared);
      line(one + " = select " + type("i1") + " " + isNan + ", " + type(element) + " " + splat(element, "1.0") + ", " + type(element) + " " + value);
      value = one;
    }
    unsigned width = bits(element);
    if (width != 8 && width != 16 && width != 32 && width != 64) {
      std::string wide = fresh();
      kind = width < 8 ? "i8" : width < 32 ? "i32" : "i64";
      line(wide + " = zext " + type(element) + " " + value + " to " + type(kind));
      value = wide;
    }
    std::string at = fresh();
    size_t bytes = lanes_ * bits(kind) / 8;
    line(at + " = getelementptr i8, ptr %out, i64 " + std::to_string(kernel_.outputBytes));
    line("store " + type(kind) + " " + value + ", ptr " + at + ", align 1");
    kernel_.places.push_back({kernel_.outputBytes, bytes, what});
    kernel_.outputBytes += bytes;
  }

  // Returns the result's name and its element type.
  std::pair<std::string, std::string> apply(const std::string &pattern, const std::string &element, const std::vector<std::string> &operands) {
    std::string text = pattern, result = element;
    if (size_t colon = text.find(": "); colon != std::string::npos && colon < 8) result = text.substr(0, colon), text = text.substr(colon + 2);
    std::string id = std::to_string(next_++), out;
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (c == '$') {
        char kind = text[++i];
        if (kind == 't') out += type(element);
        else if (kind == 'e') out += element;
        else if (kind == 'm') out += type("i1");
        else if (kind == 'L') out += std::to_string(lanes_);
        else if (kind == 's') out += std::string(lanes_ == 1 ? "" : "v" + std::to_string(lanes_)) + (element == "float" ? "f32" : element == "double" ? "f64" : element);
        else if (kind == '<') {  // $<i8>
          size_t end = text.find('>', i);
          out += type(text.substr(i + 1, end - i - 1));
          i = end;
        }
      } else if (c == '{' && (std::isdigit(text[i + 1]) || text[i + 1] == '-')) {
        size_t end = text.find('}', i);
        std::string inside = text.substr(i + 1, end - i - 1), of = element;
        if (size_t colon = inside.find(':'); colon != std::string::npos) of = inside.substr(colon + 1), inside = inside.substr(0, colon);
        out += splat(of, inside);
        i = end;
      } else if (c == '%') {
        size_t end = i + 1;
        while (end < text.size() && (std::isalnum(text[end]) || text[end] == '_')) ++end;
        std::string name = text.substr(i + 1, end - i - 1);
        if (name.size() == 1 && name[0] >= 'a' && name[0] <= 'c') out += operands[size_t(name[0] - 'a')];
        else if (name == "in" || name == "out") out += "%" + name;
        else out += "%" + name + "." + id;
        i = end - 1;
      } else if (c == ';') {
        out += "\n ";
      } else {
        out += c;
      }
    }
    line(out);
    return {"%r." + id, result};
  }

  void each(const std::string &element, const std::vector<std::string> &patterns, bool anyBits = false) {
    for (const std::string &pattern : patterns) {
      std::vector<std::string> operands;
      unsigned width = bits(element);
      for (int i = 0; i < 3; ++i) {
        if (width == 8 || width == 16 || width == 32 || width == 64) {
          operands.push_back(load(element, anyBits));
          continue;
        }
        std::string wide = width < 32 ? "i32" : "i64", narrow = fresh(), loaded = load(wide);
        line(narrow + " = trunc " + type(wide) + " " + loaded + " to " + type(element));
        operands.push_back(narrow);
      }
      auto [value, result] = apply(pattern, element, operands);
      store(result, value, pattern + " on " + type(element));
    }
  }

  std::mt19937 &random() { return random_; }
  Kernel finish() {
    kernel_.text += "  ret void\n}\n";
    return std::move(kernel_);
  }

 private:
  Kernel kernel_;
  unsigned lanes_, next_ = 0;
  std::mt19937 random_;
};

const std::vector<std::string> Integer = {
    "%r = add $t %a, %b", "%r = sub $t %a, %b", "%r = mul $t %a, %b", "%r = and $t %a, %b", "%r = or $t %a, %b", "%r = xor $t %a, %b",
    "%r = xor $t %a, {-1}", "%r = sub $t {0}, %a",
    "%r = shl $t %a, {3}", "%r = lshr $t %a, {5}", "%r = ashr $t %a, {7}",
    "%n = and $t %b, {7};%r = shl $t %a, %n", "%n = and $t %b, {7};%r = lshr $t %a, %n", "%n = and $t %b, {7};%r = ashr $t %a, %n",
    "%n = or $t %b, {1};%r = udiv $t %a, %n", "%n = or $t %b, {1};%r = urem $t %a, %n",
    "%h = lshr $t %b, {1};%n = or $t %h, {1};%r = sdiv $t %a, %n", "%h = lshr $t %b, {1};%n = or $t %h, {1};%r = srem $t %a, %n",
    "i1: %r = icmp eq $t %a, %b", "i1: %r = icmp ne $t %a, %b", "i1: %r = icmp ult $t %a, %b", "i1: %r = icmp ule $t %a, %b",
    "i1: %r = icmp ugt $t %a, %b", "i1: %r = icmp uge $t %a, %b", "i1: %r = icmp slt $t %a, %b", "i1: %r = icmp sle $t %a, %b",
    "i1: %r = icmp sgt $t %a, %b", "i1: %r = icmp sge $t %a, %b",
    "%m = icmp ugt $t %a, %b;%r = select $m %m, $t %b, $t %c",
    "%m = icmp slt $t %a, %b;%z = zext $m %m to $t;%r = add $t %z, %c", "%m = icmp slt $t %a, %b;%r = sext $m %m to $t",
    "i1: %r = trunc $t %a to $m", "i64: %x = zext $t %a to $<i65>;%r = trunc $<i65> %x to $<i64>",
    "float: %r = uitofp $t %a to $<float>", "float: %r = sitofp $t %a to $<float>", "double: %r = uitofp $t %a to $<double>", "double: %r = sitofp $t %a to $<double>",
    "%r = call $t @llvm.umin.$s($t %a, $t %b)", "%r = call $t @llvm.umax.$s($t %a, $t %b)", "%r = call $t @llvm.smin.$s($t %a, $t %b)", "%r = call $t @llvm.smax.$s($t %a, $t %b)",
    "%r = call $t @llvm.abs.$s($t %a, i1 false)", "%r = call $t @llvm.uadd.sat.$s($t %a, $t %b)", "%r = call $t @llvm.usub.sat.$s($t %a, $t %b)",
    "%r = call $t @llvm.sadd.sat.$s($t %a, $t %b)", "%r = call $t @llvm.ssub.sat.$s($t %a, $t %b)",
    "%r = call $t @llvm.ctpop.$s($t %a)", "%n = lshr $t %a, {4};%r = call $t @llvm.ctlz.$s($t %n, i1 false)", "%n = shl $t %a, {4};%r = call $t @llvm.cttz.$s($t %n, i1 false)",
    "i8: %r = call $<i8> @llvm.scmp.@8.$s($t %a, $t %b)", "i8: %r = call $<i8> @llvm.ucmp.@8.$s($t %a, $t %b)",
};
const std::vector<std::string> WholeInteger = {
    "%r = call $t @llvm.bitreverse.$s($t %a)", "%r = call $t @llvm.fshl.$s($t %a, $t %b, $t %c)", "%r = call $t @llvm.fshr.$s($t %a, $t %b, $t %c)",
    "%r = call $t @llvm.fshl.$s($t %a, $t %a, $t %c)",
    "%n = and $t %a, {15};%p = call {$t, $m} @llvm.umul.with.overflow.$s($t %n, $t %b);%v = extractvalue {$t, $m} %p, 0;%o = extractvalue {$t, $m} %p, 1;%r = select $m %o, $t %c, $t %v",
    "%n = ashr $t %a, {4};%p = call {$t, $m} @llvm.smul.with.overflow.$s($t %n, $t %b);%v = extractvalue {$t, $m} %p, 0;%o = extractvalue {$t, $m} %p, 1;%r = select $m %o, $t %c, $t %v",
    "%p = call {$t, $m} @llvm.sadd.with.overflow.$s($t %a, $t %b);%v = extractvalue {$t, $m} %p, 0;%o = extractvalue {$t, $m} %p, 1;%r = select $m %o, $t %c, $t %v",
    "%p = call {$t, $m} @llvm.usub.with.overflow.$s($t %a, $t %b);%v = extractvalue {$t, $m} %p, 0;%o = extractvalue {$t, $m} %p, 1;%r = select $m %o, $t %c, $t %v",
};

// Of numbers of 128 bits.
const std::vector<std::string> Wide = {
    "%x = zext $t %a to $<i128>;%y = zext $t %b to $<i128>;%p = mul $<i128> %x, %y;%q = lshr $<i128> %p, {64:i128};%r = trunc $<i128> %q to $t",
    "%x = sext $t %a to $<i128>;%y = sext $t %b to $<i128>;%p = mul $<i128> %x, %y;%q = lshr $<i128> %p, {60:i128};%r = trunc $<i128> %q to $t",
    "%x = sext $t %a to $<i128>;%y = zext $t %b to $<i128>;%p = mul $<i128> %x, %y;%z = zext $t %c to $<i128>;%s = add $<i128> %p, %z;%q = ashr $<i128> %s, {68:i128};%r = trunc $<i128> %q to $t",
    "%x = sext $t %a to $<i128>;%y = zext $t %b to $<i128>;%h = shl $<i128> %y, {70:i128};%s = sub $<i128> %x, %h;%n0 = and $t %c, {127};%n = zext $t %n0 to $<i128>;%q = lshr $<i128> %s, %n;%v = xor $<i128> %q, %x;%r = trunc $<i128> %v to $t",
    "%x = sext $t %a to $<i128>;%y = sext $t %b to $<i128>;%h = shl $<i128> %y, {3:i128};%m = icmp slt $<i128> %x, %h;%o = icmp uge $<i128> %h, %x;%e = icmp eq $<i128> %h, %x;%p = xor $m %m, %o;%n = or $m %e, %p;%s = select $m %n, $<i128> %x, $<i128> %h;%r = trunc $<i128> %s to $t",
};

// "@8" in a name: an overload of bytes in as many lanes.
std::string named(std::string pattern, unsigned lanes) {
  for (size_t at; (at = pattern.find("@8.")) != std::string::npos;) pattern.replace(at, 3, (lanes == 1 ? "i8." : "v" + std::to_string(lanes) + "i8."));
  return pattern;
}

}  // namespace

Kernel integerOperations(const std::string &name, unsigned lanes) {
  Maker maker(name, lanes, lanes);
  for (const char *element : {"i8", "i16", "i32", "i64", "i24", "i33"}) {
    std::vector<std::string> patterns;
    for (const std::string &pattern : Integer)
      if (pattern.find("i65") == std::string::npos) patterns.push_back(named(pattern, lanes));
    maker.each(element, patterns);
    std::string text = element;
    if (text == "i64") maker.each(element, Wide);
    if (text != "i24" && text != "i33") maker.each(element, WholeInteger);
    unsigned bits = Maker::bits(text);
    if (bits != 8 && bits % 8 == 0 && bits != 24) maker.each(element, {"%r = call $t @llvm.bswap.$s($t %a)"});
    std::vector<std::string> casts;
    for (unsigned to : {8, 16, 24, 32, 33, 64}) {
      std::string other = "i" + std::to_string(to);
      if (to < bits) casts.push_back(other + ": %r = trunc $t %a to $<" + other + ">");
      if (to > bits) casts.push_back(other + ": %r = zext $t %a to $<" + other + ">"), casts.push_back(other + ": %r = sext $t %a to $<" + other + ">");
    }
    maker.each(element, casts);
  }
  return maker.finish();
}

Kernel floatOperations(const std::string &name, unsigned lanes) {
  Maker maker(name, lanes, 100 + lanes);
  std::vector<std::string> patterns = {
      "%r = fadd $t %a, %b", "%r = fsub $t %a, %b", "%r = fmul $t %a, %b", "%r = fdiv $t %a, %b", "%r = fneg $t %a",
      "%m = fmul $t %a, %b;%r = fadd $t %m, %c",
      "%r = call $t @llvm.fma.$s($t %a, $t %b, $t %c)", "%r = call $t @llvm.sqrt.$s($t %a)", "%r = call $t @llvm.fabs.$s($t %a)",
      "%r = call $t @llvm.copysign.$s($t %a, $t %b)", "%r = call $t @llvm.floor.$s($t %a)", "%r = call $t @llvm.ceil.$s($t %a)",
      "%r = call $t @llvm.trunc.$s($t %a)", "%r = call $t @llvm.rint.$s($t %a)", "%r = call $t @llvm.roundeven.$s($t %a)",
      "%r = call $t @llvm.minnum.$s($t %a, $t %b)", "%r = call $t @llvm.maxnum.$s($t %a, $t %b)", "%r = call $t @llvm.minimum.$s($t %a, $t %b)",
      "%r = call $t @llvm.maximum.$s($t %a, $t %b)", "%r = call $t @llvm.minimumnum.$s($t %a, $t %b)", "%r = call $t @llvm.maximumnum.$s($t %a, $t %b)",
      "%r = select $m splat (i1 true), $t %a, $t %b",
  };
  patterns.pop_back();
  for (const char *predicate : {"oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno"}) {
    patterns.push_back(std::string("i1: %r = fcmp ") + predicate + " $t %a, %b");
    patterns.push_back(std::string("i1: %n = fadd $t %a, {0.0};%r = fcmp ") + predicate + " $t %n, %n");
  }
  for (unsigned classes : {0x3u, 0x1u, 0x204u, 0x90u, 0x264u, 0x108u, 0x3fcu, 0x318u})
    patterns.push_back("i1: %r = call $m @llvm.is.fpclass.$s($t %a, i32 " + std::to_string(classes) + ")");
  for (const char *to : {"i8", "i32", "i64"})
    for (const char *sign : {"s", "u"}) {
      std::string suffix = (lanes == 1 ? "" : "v" + std::to_string(lanes)) + to;
      patterns.push_back(std::string(to) + ": %r = call $<" + to + "> @llvm.fpto" + sign + "i.sat." + suffix + ".$s($t %a)");
    }
  maker.each("float", patterns);
  maker.each("float", patterns, /*anyBits=*/true);
  maker.each("double", patterns);
  maker.each("float", {"double: %r = fpext $t %a to $<double>", "i32: %r = bitcast $t %a to $<i32>", "half: %r = fptrunc $t %a to $<half>", "bfloat: %r = fptrunc $t %a to $<bfloat>",
                       "i32: %s = call $t @llvm.fabs.$s($t %a);%n = call $t @llvm.minnum.$s($t %s, $t {1000.0});%r = fptoui $t %n to $<i32>",
                       "i8: %s = call $t @llvm.maxnum.$s($t %a, $t {-100.0});%n = call $t @llvm.minnum.$s($t %s, $t {100.0});%r = fptosi $t %n to $<i8>"});
  maker.each("float", {"half: %r = fptrunc $t %a to $<half>", "half: %s = fmul $t %a, {0x3F00000000000000};%r = fptrunc $t %s to $<half>"}, true);
  maker.each("double", {"float: %r = fptrunc $t %a to $<float>"});
  maker.each("half", {"%r = fdiv $t %a, %b", "%r = fadd $t %a, %b", "%r = fsub $t %a, %b", "%r = fmul $t %a, %b", "i1: %r = fcmp olt $t %a, %b", "i1: %r = fcmp une $t %a, %b", "i16: %n = fneg $t %a;%r = bitcast $t %n to $<i16>"});
  maker.each("half", {"float: %r = fpext $t %a to $<float>", "double: %r = fpext $t %a to $<double>"});
  maker.each("bfloat", {"float: %r = fpext $t %a to $<float>"});
  return maker.finish();
}

Kernel laneOperations(const std::string &name, unsigned lanes) {
  Maker maker(name, lanes, 200 + lanes);
  std::mt19937 &random = maker.random();
  std::string L = std::to_string(lanes);
  auto mask = [&](unsigned from) {
    std::string text = "<" + L + " x i32> <";
    for (unsigned i = 0; i < lanes; ++i) text += (i ? ", " : "") + std::string("i32 ") + (random() % 9 ? std::to_string(random() % from) : "poison");
    return text + ">";
  };
  for (const char *element : {"i8", "i32", "float", "i64"}) {
    std::string e = element, shape = "v" + L + (e == "float" ? "f32" : e), pointers = "<" + L + " x ptr>";
    std::string some = "%q = bitcast $t %c to $t;", bitsOf = "i" + std::to_string(Maker::bits(e));
    // Masks that are mixed, none and all.
    std::string m = "%mb = bitcast $t %c to $<" + bitsOf + ">;%ml = " + (e == "i8" ? std::string("or $<i8> %mb, {0:i8}") : "trunc $<" + bitsOf + "> %mb to $<i8>") + ";%m = icmp slt $<i8> %ml, {20:i8};";
    std::vector<std::string> patterns;
    for (const char *index : {"0", "1", "%k"}) {
      std::string k = "%k0 = load i8, ptr %in;%k1 = urem i8 %k0, " + L + ";%k = zext i8 %k1 to i32;";
      if (*index != '%') k = "";
      std::string i = lanes == 1 ? "0" : index;
      patterns.push_back(k + "%x = extractelement $t %a, i32 " + i + ";%r = insertelement $t %b, $e %x, i32 " + (lanes > 2 ? "2" : "1"));
      patterns.push_back(k + "%x = extractelement $t %a, i32 1;%r = insertelement $t %b, $e %x, i32 " + i);
      patterns.push_back(k + m + "%x = extractelement $m %m, i32 " + i + ";%n = insertelement $m %m, i1 %x, i32 0;%r = select $m %n, $t %a, $t %b");
    }
    for (int i = 0; i < 6; ++i) {
      patterns.push_back("%s = shufflevector $t %a, $t %b, " + mask(2 * lanes) + ";%r = freeze $t %s");
      patterns.push_back("%s = shufflevector $t %a, $t poison, " + mask(lanes) + ";%r = freeze $t %s");
      patterns.push_back(m + "%s0 = shufflevector $m %m, $m poison, " + mask(lanes) + ";%s = freeze $m %s0;%r = select $m %s, $t %a, $t %b");
    }
    // Poison lanes: any value will do, so they are not compared.
    for (std::string &pattern : patterns)
      for (size_t at; (at = pattern.find("i32 poison")) != std::string::npos;) pattern.replace(at, 10, "i32 0");
    patterns.push_back("%x = extractelement $t %a, i32 0;%i = insertelement $t poison, $e %x, i64 0;%s = shufflevector $t %i, $t poison, <" + L + " x i32> zeroinitializer;%r = select $m zeroinitializer, $t %b, $t %s");
    std::string load = "%p = getelementptr i8, ptr %in, i64 1024;";
    std::string places = "%ai = bitcast $t %b to $<" + bitsOf + ">;%as = " + (e == "i8" ? "or" : "and") + " $<" + bitsOf + "> %ai, {" + (e == "i8" ? "0" : "255") + ":" + bitsOf + "};" +
                         (bitsOf == "i64" ? "%aw = and $<i64> %as, {255:i64};" : "%aw = zext $<" + bitsOf + "> %as to $<i64>;") + "%ps = getelementptr $e, ptr %in, $<i64> %aw;";
    for (const char *kind : {"", "splat (i1 true)", "zeroinitializer"}) {
      std::string which = *kind ? kind : "%m", made = *kind ? "" : m;
      patterns.push_back(made + load + "%r = call $t @llvm.masked.load." + shape + ".p0(ptr align 1 %p, $m " + which + ", $t %b)");
      patterns.push_back(made + places + "%r = call $t @llvm.masked.gather." + shape + ".v" + L + "p0(" + pointers + " align 1 %ps, $m " + which + ", $t %b)");
    }
    patterns.push_back(m + "%o = alloca $t, align 64;store $t %b, ptr %o;call void @llvm.masked.store." + shape + ".p0($t %a, ptr align 4 %o, $m %m);%r = load $t, ptr %o");
    patterns.push_back(m + "%o = alloca [" + L + " x $t], align 64;store $t %b, ptr %o;%w = and $<i8> %ml, {" + std::to_string(lanes >= 8 ? 7 : lanes >= 4 ? 3 : 1) +
                       ":i8};%ps = getelementptr $e, ptr %o, $<i8> %w;call void @llvm.masked.scatter." + shape + ".v" + L + "p0($t %a, " + pointers + " align 4 %ps, $m %m);%r = load $t, ptr %o");
    // Votes.
    patterns.push_back(m + "%v = bitcast $m %m to i" + L + ";%z = icmp eq i" + L + " %v, 0;%r = select i1 %z, $t %a, $t %b");
    patterns.push_back(m + "%v = bitcast $m %m to i" + L + ";%z = icmp ne i" + L + " %v, -1;%r = select i1 %z, $t %a, $t %b");
    patterns.push_back(m + "%v = bitcast $m %m to i" + L + ";%w = add i" + L + " %v, 1;%n = bitcast i" + L + " %w to $m;%r = select $m %n, $t %a, $t %b");
    patterns.push_back(m + "%v = bitcast $m %m to i" + L + ";%c1 = call i" + L + " @llvm.ctpop.i" + L + "(i" + L + " %v);%w = trunc i" + L + " %c1 to i1;%r = select i1 %w, $t %a, $t %b");
    for (const char *reduction : {"or", "and"}) patterns.push_back(m + "%w = call i1 @llvm.vector.reduce." + reduction + ".v" + L + "i1($m %m);%r = select i1 %w, $t %a, $t %b");
    if (e != "float") {
      for (const char *reduction : {"add", "mul", "and", "or", "xor", "umin", "umax", "smin", "smax"})
        patterns.push_back(std::string("%x = call $e @llvm.vector.reduce.") + reduction + "." + shape + "($t %a);%r = insertelement $t %b, $e %x, i32 0");
    } else {
      patterns.push_back("%x = call $e @llvm.vector.reduce.fadd." + shape + "(float 1.0, $t %a);%r = insertelement $t %b, $e %x, i32 0");
    }
    if (lanes % 4 == 0) {
      std::string wide = "<" + std::to_string(lanes / 2) + " x i" + std::to_string(2 * Maker::bits(bitsOf)) + ">";
      if (Maker::bits(bitsOf) < 64) patterns.push_back("%x = bitcast $t %a to " + wide + ";%y = add " + wide + " %x, splat (i" + std::to_string(2 * Maker::bits(bitsOf)) + " 77);%r = bitcast " + wide + " %y to $t");
      std::string narrow = "<" + std::to_string(2 * lanes) + " x i" + std::to_string(Maker::bits(bitsOf) / 2) + ">";
      if (Maker::bits(bitsOf) > 8) patterns.push_back("%x = bitcast $t %a to " + narrow + ";%y = add " + narrow + " %x, splat (i" + std::to_string(Maker::bits(bitsOf) / 2) + " 77);%r = bitcast " + narrow + " %y to $t");
    }
    maker.each(element, patterns, true);
  }
  return maker.finish();
}

Kernel randomOperations(const std::string &name, unsigned lanes, unsigned seed, unsigned count) {
  Maker maker(name, lanes, seed);
  std::mt19937 &random = maker.random();
  struct Value {
    std::string name, element;
  };
  std::vector<Value> values;
  const std::vector<std::string> elements = {"i8", "i16", "i32", "i64", "float", "i24"};
  for (const std::string &element : elements)
    if (element != "i24") values.push_back({maker.load(element), element});
  std::string narrow = maker.fresh();
  maker.line(narrow + " = trunc " + maker.type("i32") + " " + values[2].name + " to " + maker.type("i24"));
  values.push_back({narrow, "i24"});
  const std::vector<std::string> floats = {"%r = fadd $t %a, %b", "%r = fsub $t %a, %b", "%r = fmul $t %a, %b", "%r = call $t @llvm.fma.$s($t %a, $t %b, $t %c)",
                                           "i1: %r = fcmp olt $t %a, %b", "i1: %r = fcmp uge $t %a, %b", "i32: %r = call $<i32> @llvm.fptosi.sat.@32.$s($t %a)", "%r = fneg $t %a"};
  const std::vector<std::string> masks = {"%r = and $t %a, %b", "%r = or $t %a, %b", "%r = xor $t %a, %b", "i32: %r = zext $t %a to $<i32>", "i16: %r = sext $t %a to $<i16>",
                                          "%r = select $t %a, $t %b, $t %c"};
  for (unsigned i = 0; i < count; ++i) {
    const Value &first = values[values.size() - 1 - random() % std::min<size_t>(values.size(), 24)];
    std::vector<std::string> operands = {first.name};
    for (int k = 0; k < 2; ++k) {  // others of the same type, where there are some
      std::string other = first.name;
      for (int tries = 0; tries < 8; ++tries)
        if (const Value &value = values[random() % values.size()]; value.element == first.element) other = value.name;
      operands.push_back(other);
    }
    std::string element = first.element, pattern;
    if (element == "float") pattern = floats[random() % floats.size()];
    else if (element == "i1") pattern = masks[random() % masks.size()];
    else {
      unsigned choice = random() % 3;
      if (choice == 0) {
        const std::string &to = elements[random() % elements.size()];
        unsigned from = Maker::bits(element), bits = Maker::bits(to);
        if (to == "float") pattern = "float: %r = sitofp $t %a to $<float>";
        else if (bits == from) pattern = "%r = xor $t %a, %b";
        else pattern = to + ": %r = " + (bits < from ? "trunc" : random() % 2 ? "sext" : "zext") + " $t %a to $<" + to + ">";
      } else {
        do pattern = named(Integer[random() % Integer.size()], lanes);
        while (pattern.find("i65") != std::string::npos || pattern.find("double") != std::string::npos || pattern.find("div") != std::string::npos || pattern.find("rem") != std::string::npos);
      }
    }
    for (size_t at; (at = pattern.find("@32.")) != std::string::npos;) pattern.replace(at, 4, lanes == 1 ? "i32." : "v" + std::to_string(lanes) + "i32.");
    auto [value, result] = maker.apply(pattern, element, operands);
    if (random() % 3) values.push_back({value, result});
    // Some are only used by others, some at once, so that all ways of holding a value occur.
    if (random() % 4 == 0) maker.store(result, value, pattern + " on " + maker.type(element) + " (random " + std::to_string(i) + ")");
  }
  return maker.finish();
}

}  // namespace cutrans::test
