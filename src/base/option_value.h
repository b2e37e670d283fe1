// The tree of values behind Options, and its way from and to TOML text. Private to base.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace longtake {

// Tables within tables.
inline constexpr int kMaxTableDepth = 32;

struct OptionValue {
  using Array = std::vector<OptionValue>;  // of plain values only
  using Table = std::map<std::string, OptionValue, std::less<>>;

  std::variant<bool, std::int64_t, double, std::string, Array, Table> data = Table{};
  std::string origin;  // "recipe.toml:12" or "override model.hidden_size=64"

  const Table* table() const { return std::get_if<Table>(&data); }
};

// What was asked of one table.
struct OptionRecord {
  std::set<std::string, std::less<>> asked;
  std::set<std::string, std::less<>> ignored;
  std::map<std::string, OptionValue, std::less<>> defaults;
  std::map<std::string, std::shared_ptr<OptionRecord>, std::less<>> tables;
};

// Names a value in a message: the text "abc", the number 1.5, true, an array, a table.
std::string describe(const OptionValue& value);

// A TOML document as a table; ConfigError as in parse_toml().
OptionValue read_toml_table(std::string_view text, const std::string& source_name);
// One TOML value, or the text itself where it is none.
OptionValue read_toml_value(std::string_view text, const std::string& origin);
// The table as a TOML document, plain values before sub-tables, each sorted by name.
std::string write_toml(const OptionValue& table);

}  // namespace longtake
