// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/index.h"

#include "compiler/ptx/declarations.h"
#include "compiler/ptx/tables.h"

namespace cutrans::ptx {
namespace {

constexpr uint32_t kNewestVersion = 90;  // PTX ISA 9.0

class Indexer {
 public:
  Indexer(Unit &unit, uint32_t number, std::pmr::memory_resource &arena, UnitIndex &index)
      : unit_(unit),
        index_(index),
        lexer_(unit.text, 0, unit.text.size()),
        lines_(unit.text),
        context_{lexer_, lines_, arena, number} {}

  void run() {
    takeVersion();
    while (lexer_.peek().kind != TokenKind::End) takeItem();
    if (!unit_.target) lexer_.fail(Diag::ptx_truncated, "there is no .target");
  }

 private:
  void takeVersion() {
    if (!lexer_.peek().isDotted("version"))
      lexer_.fail(Diag::ptx_syntax, "PTX starts with .version, this with " + describe(lexer_.peek()));
    lexer_.take();
    Token token = lexer_.peek();
    lexer_.take();
    unsigned major = 0, minor = 0;
    size_t dot = token.text.find('.');
    auto digits = [&](std::string_view s, unsigned &out) {
      if (s.empty() || s.size() > 3) return false;
      for (char c : s) {
        if (c < '0' || c > '9') return false;
        out = out * 10 + static_cast<unsigned>(c - '0');
      }
      return true;
    };
    if (dot == std::string_view::npos || !digits(token.text.substr(0, dot), major) ||
        !digits(token.text.substr(dot + 1), minor) || minor > 9)
      lexer_.fail(token.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax, token.offset,
                  "expected a version such as 9.0, found " + describe(token));
    unit_.version = major * 10 + minor;
    if (unit_.version > kNewestVersion)
      lexer_.fail(Diag::ptx_version, token.offset, "version " + std::string(token.text) + ", the newest known is 9.0");
  }

  // .target sm_90a, texmode_independent
  void takeTarget() {
    do {
      Token token = lexer_.identifier("a target");
      std::string_view text = token.text;
      if (!text.starts_with("sm_")) continue;
      text.remove_prefix(3);
      size_t digits = 0;
      uint32_t sm = 0;
      while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9')
        sm = sm * 10 + static_cast<uint32_t>(text[digits++] - '0');
      std::string_view suffix = text.substr(digits);
      if (!digits || !(suffix.empty() || suffix == "a" || suffix == "f"))
        lexer_.fail(Diag::ptx_syntax, token.offset, "unknown target " + describe(token));
      unit_.target = sm;
      unit_.target_suffix = suffix;
    } while (lexer_.accept(','));
  }

  // .file 1 "a.cu", 123, 456
  void takeFile() {
    Constant number = takeNumber(lexer_);
    Token name = lexer_.take();
    if (name.kind != TokenKind::String) lexer_.fail(Diag::ptx_syntax, name.offset, "expected the name of a file");
    unit_.files.push_back({static_cast<uint32_t>(number.bits), name.text.substr(1, name.text.size() - 2)});
    while (lexer_.accept(',')) takeNumber(lexer_);
  }

  void skipBraces(const char *what) {
    lexer_.expect('{', what);
    // The token after the brace is looked at already; its offset is where the region starts.
    size_t close = findClosingBrace(unit_.text, lexer_.lastEnd(), unit_.text.size());
    if (close == std::string_view::npos) lexer_.fail(Diag::ptx_truncated, std::string(what) + " is never closed");
    lexer_.jump(close + 1);
  }

  void takeItem() {
    Token token = lexer_.take();
    if (token.is(';')) return;
    if (token.is('@')) {  // @@DWARF ... to the end of the line
      size_t newline = unit_.text.find('\n', token.offset);
      lexer_.jump(newline == std::string_view::npos ? unit_.text.size() : newline);
      return;
    }
    if (token.kind != TokenKind::Dotted)
      lexer_.fail(Diag::ptx_syntax, token.offset, "expected a directive, found " + describe(token));
    std::string_view word = token.word();
    if (word == "target") return takeTarget();
    if (word == "address_size") {
      unit_.address_size = static_cast<uint32_t>(takeNumber(lexer_).bits);
      if (unit_.address_size != 64)
        lexer_.fail(Diag::ptx_refused_32bit, token.offset, ".address_size is not 64");
      return;
    }
    if (word == "file") return takeFile();
    if (word == "section") {
      lexer_.take();
      return skipBraces("a section");
    }
    if (word == "pragma") {
      while (lexer_.peek().kind == TokenKind::String || lexer_.peek().is(',')) lexer_.take();
      return lexer_.expect(';', "after a pragma");
    }
    if (word == "alias") {
      AliasDirective alias;
      alias.location = context_.locate(token.offset);
      alias.name = lexer_.identifier("a function").text;
      lexer_.expect(',', "in .alias");
      alias.aliasee = lexer_.identifier("a function").text;
      lexer_.expect(';', "after .alias");
      index_.aliases.push_back(alias);
      return;
    }
    if (word == "loc") {
      for (int i = 0; i < 3; ++i) takeNumber(lexer_);
      return;
    }
    takeDeclaration(token);
  }

  void takeDeclaration(Token token) {
    Linkage linkage = Linkage::Internal;
    for (;;) {
      std::string_view word = token.word();
      if (word == "extern") linkage = Linkage::Extern;
      else if (word == "visible") linkage = Linkage::Visible;
      else if (word == "weak") linkage = Linkage::Weak;
      else if (word == "common") linkage = Linkage::Common;
      else break;
      token = lexer_.take();
      if (token.kind != TokenKind::Dotted)
        lexer_.fail(token.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax, token.offset,
                    "expected a declaration, found " + describe(token));
    }
    std::string_view word = token.word();
    if (word == "entry" || word == "func") return takeFunction(word == "entry", linkage);
    Space space = word == "global"   ? Space::Global
                  : word == "const"  ? Space::Const
                  : word == "shared" ? Space::Shared
                                     : Space::None;
    if (space != Space::None) return takeModuleVariables(space, linkage);
    if (word == "reg" || word == "local" || word == "param" || word == "tex" || word == "sreg")
      lexer_.fail(Diag::ptx_variable, token.offset, "." + std::string(word) + " variables cannot stand at module scope");
    lexer_.fail(Diag::ptx_unknown_instruction, token.offset, "unknown directive " + describe(token));
  }

  void takeModuleVariables(Space space, Linkage linkage) {
    for (Declared &declared : takeVariables(context_, space, linkage)) {
      Variable &v = declared.variable;
      if (linkage == Linkage::Common && space != Space::Global)
        lexer_.fail(Diag::ptx_variable, declared.offset, "only .global variables are .common");
      if (index_.functions_by_name.contains(v.name)) duplicate(v.name, declared.offset);
      auto [place, fresh] = index_.variables_by_name.try_emplace(v.name, nullptr);
      if (fresh) {
        place->second = &index_.variables.emplace_back(v);
        continue;
      }
      Variable &old = *place->second;
      if (old.space != v.space || old.type != v.type || (old.size && v.size && old.size != v.size))
        lexer_.fail(Diag::ptx_duplicate, declared.offset, "`" + excerpt(v.name) + "` is declared differently before");
      if (old.linkage != Linkage::Extern && v.linkage != Linkage::Extern) duplicate(v.name, declared.offset);
      if (old.linkage == Linkage::Extern) old = v;
    }
  }

  [[noreturn]] void duplicate(std::string_view name, size_t offset) {
    lexer_.fail(Diag::ptx_duplicate, offset, "`" + excerpt(name) + "` is defined twice");
  }

  void takeFunction(bool entry, Linkage linkage) {
    Function header;
    header.entry = entry;
    header.linkage = linkage;
    if (lexer_.peek().isDotted("attribute")) takeFunctionDirectives(context_, header);
    if (!entry && lexer_.peek().is('(')) header.results = takeFormals(context_, false);
    Token name = lexer_.identifier("the name of a function");
    header.name = name.text;
    header.location = context_.locate(name.offset);
    if (lexer_.peek().is('(')) header.params = takeFormals(context_, entry);
    if (!header.params.empty()) {
      const Variable &last = header.params.back();
      header.params_size = last.offset + last.size;
    }
    takeFunctionDirectives(context_, header);
    if (header.noreturn && !header.results.empty())
      lexer_.fail(Diag::ptx_syntax, name.offset, "a function with a result is .noreturn");
    if (lexer_.peek().is('{')) {
      if (linkage == Linkage::Extern)
        lexer_.fail(Diag::ptx_syntax, name.offset, "an .extern function has a body");
      size_t brace = lexer_.take().offset;
      size_t close = findClosingBrace(unit_.text, brace + 1, unit_.text.size());
      if (close == std::string_view::npos)
        lexer_.fail(Diag::ptx_truncated, name.offset, "the body of `" + excerpt(name.text) + "` is never closed");
      header.has_body = true;
      header.body_text = unit_.text.substr(brace + 1, close - brace - 1);
      header.body_location = context_.locate(brace + 1);
      lexer_.jump(close + 1);
    } else {
      lexer_.expect(';', "after a prototype");
    }
    declare(header, name.offset);
  }

  void declare(Function &header, size_t offset) {
    if (index_.variables_by_name.contains(header.name)) duplicate(header.name, offset);
    auto [place, fresh] = index_.functions_by_name.try_emplace(header.name, nullptr);
    if (fresh) place->second = &index_.functions.emplace_back();
    Function &f = *place->second;
    if (!fresh) {
      if (f.has_body && header.has_body) duplicate(header.name, offset);
      if (f.entry != header.entry || f.params.size() != header.params.size() ||
          f.results.size() != header.results.size())
        lexer_.fail(Diag::ptx_duplicate, offset, "`" + excerpt(header.name) + "` is declared differently before");
      if (f.has_body) return;
      if (header.linkage == Linkage::Internal) header.linkage = f.linkage;
    }
    f.name = header.name;
    f.entry = header.entry;
    f.noreturn = header.noreturn || f.noreturn;
    f.has_body = header.has_body;
    f.linkage = header.linkage;
    f.results = header.results;
    f.params = header.params;
    f.params_size = header.params_size;
    f.performance = header.performance;
    f.location = header.location;
    f.body_text = header.body_text;
    f.body_location = header.body_location;
  }

  Unit &unit_;
  UnitIndex &index_;
  Lexer lexer_;
  LineCounter lines_;
  DeclarationContext context_;
};

}  // namespace

bool indexUnit(Unit &unit, uint32_t number, std::pmr::memory_resource &arena, UnitIndex &index, Problems &problems) {
  // fatbinary ends PTX with a NUL, and so do programs that pass C strings with their terminator.
  while (!unit.text.empty() && unit.text.back() == '\0') unit.text.remove_suffix(1);
  try {
    if (unit.text.size() > kMaxUnitBytes) throw ParseError{Diag::ptx_limit, 0, "the text is larger than 1 GiB"};
    Indexer(unit, number, arena, index).run();
    return true;
  } catch (const ParseError &error) {
    problems.push_back(makeProblem(unit, error));
    return false;
  }
}

}  // namespace cutrans::ptx
