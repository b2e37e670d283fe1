// RFC 4180 but for line breaks within quotes, which no list of videos needs.
#include "data/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {
namespace {

// Takes a quoted field off the front of `rest`, its quotes included.
std::string take_quoted(std::string_view& rest, const std::string& where) {
  std::string field;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != '"') {
      field += rest[i];
    } else if (rest.substr(i + 1, 1) == "\"") {
      field += '"';
      ++i;
    } else {
      rest.remove_prefix(i + 1);
      return field;
    }
  }
  throw BadData(fmt::format("{}: a quote does not end on its line; write \"...\" with \"\" for a quote within", where));
}

}  // namespace

std::vector<std::string> parse_csv_line(std::string_view line, const std::string& where) {
  std::vector<std::string> fields;
  std::string_view rest = line;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const bool quoted = !rest.empty() && rest.front() == '"';
    if (quoted) fields.push_back(take_quoted(rest, where));
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view text = trim(rest.substr(0, end));
    if (!quoted) {
      fields.emplace_back(text);
    } else if (!text.empty()) {
      throw BadData(fmt::format("{}: \"{:.80}\" stands between a closing quote and the next comma", where, text));
    }
    if (end == rest.size()) return fields;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace longtake
