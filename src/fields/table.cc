// Text tables of table.h.
#include "fields/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kLongestTableLine = 65536;

}  // namespace

std::vector<TableLine> table_lines(std::string_view text, const std::string& source_name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<TableLine> lines;
  std::int64_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.size() > kLongestTableLine || line.find('\0') != std::string_view::npos) {
      throw BadData(fmt::format("{}: is no line of a table; it has {} characters or a zero byte",
                                table_place(source_name, number), line.size()));
    }
    if (!line.empty()) lines.push_back({number, line});
  }
  return lines;
}

std::string table_place(const std::string& source_name, std::int64_t line) {
  return fmt::format("{}:{}", source_name, line);
}

std::vector<std::string> table_values(std::string_view line, const std::string& where) {
  std::vector<std::string> values;
  std::size_t at = 0;
  for (;;) {
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    std::string value;
    const bool quoted = at < line.size() && line[at] == '"';
    if (quoted) {
      for (++at; at < line.size() && (line[at] != '"' || line.substr(at + 1, 1) == "\""); ++at) {
        value += line[at];
        if (line[at] == '"') ++at;
      }
      if (at++ >= line.size()) throw BadData(where + ": a quote does not end on its line");
    }
    const std::size_t end = std::min(line.find(',', at), line.size());
    const std::string_view rest = trim(line.substr(at, end - at));
    if (quoted && !rest.empty()) {
      throw BadData(fmt::format("{}: \"{:.40}\" stands between a closing quote and the next comma", where, rest));
    }
    values.push_back(quoted ? std::move(value) : std::string(rest));
    if (end == line.size()) return values;
    at = end + 1;
  }
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    line = trim(line);
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\r\v\f"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace longtake::fields
