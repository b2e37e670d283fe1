// The only place that knows toml++. Values are copied out of its tree at once; written back by own code, because
// toml++ 3.3 does not write the shortest form of a number (0.1 becomes 0.10000000000000001).
#include "base/option_value.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cmath>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {
namespace {

std::string place(const toml::node& node, const std::string& source_name) {
  return fmt::format("{}:{}", source_name, node.source().begin.line);
}

OptionValue convert(const toml::node& node, const std::string& source_name, const std::string& name, int depth) {
  OptionValue value;
  value.origin = place(node, source_name);
  if (const toml::table* table = node.as_table()) {
    if (depth == kMaxTableDepth) throw ConfigError(fmt::format("{}: tables are nested too deeply", value.origin));
    OptionValue::Table members;
    for (const auto& [key, member] : *table) {
      const std::string key_name(key.str());
      members.emplace(key_name, convert(member, source_name, key_name, depth + 1));
    }
    value.data = std::move(members);
  } else if (const toml::array* array = node.as_array()) {
    OptionValue::Array elements;
    for (const toml::node& element : *array) {
      if (element.is_array() || element.is_table()) {
        throw ConfigError(
            fmt::format("{}: {} is an array of arrays or tables, but only of numbers, texts and "
                        "booleans is there a use",
                        place(element, source_name), name));
      }
      elements.push_back(convert(element, source_name, name, depth));
    }
    value.data = std::move(elements);
  } else if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.data = number->get();
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else {
    throw ConfigError(fmt::format("{}: {} is a date or time; put it in quotes to make it a text", value.origin, name));
  }
  return value;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string written_key(std::string_view key) {
  constexpr std::string_view kBare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const bool bare = !key.empty() && key.find_first_not_of(kBare) == std::string_view::npos;
  return bare ? std::string(key) : in_quotes(key);
}

std::string written_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);  // the shortest that reads back as the same number
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string written_value(const OptionValue& value) {
  if (const bool* boolean = std::get_if<bool>(&value.data)) return *boolean ? "true" : "false";
  if (const std::int64_t* integer = std::get_if<std::int64_t>(&value.data)) return fmt::format("{}", *integer);
  if (const double* number = std::get_if<double>(&value.data)) return written_number(*number);
  if (const std::string* text = std::get_if<std::string>(&value.data)) return in_quotes(*text);
  std::vector<std::string> elements;
  for (const OptionValue& element : std::get<OptionValue::Array>(value.data))
    elements.push_back(written_value(element));
  return fmt::format("[{}]", join(elements, ", "));
}

void write_table(const OptionValue::Table& table, const std::string& header, std::string& out) {
  for (const auto& [key, value] : table) {
    if (value.table() == nullptr) out += written_key(key) + " = " + written_value(value) + "\n";
  }
  for (const auto& [key, value] : table) {
    if (value.table() == nullptr) continue;
    const std::string name = header.empty() ? written_key(key) : header + "." + written_key(key);
    out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", name);
    write_table(*value.table(), name, out);
  }
}

}  // namespace

std::string describe(const OptionValue& value) {
  const auto shown = [](const std::string& text) {
    constexpr std::size_t kShownLength = 80;
    return text.size() <= kShownLength ? text : text.substr(0, kShownLength) + "...";
  };
  if (const std::string* text = std::get_if<std::string>(&value.data)) {
    return fmt::format("the text \"{}\"", shown(*text));
  }
  if (std::holds_alternative<OptionValue::Array>(value.data)) return "the array " + shown(written_value(value));
  if (value.table() != nullptr) return "a table";
  if (std::holds_alternative<bool>(value.data)) return written_value(value);
  return "the number " + written_value(value);
}

OptionValue read_toml_table(std::string_view text, const std::string& source_name) {
  try {
    return convert(toml::parse(text, std::string_view(source_name)), source_name, "the recipe", 0);
  } catch (const toml::parse_error& error) {
    const toml::source_position& at = error.source().begin;
    throw ConfigError(fmt::format("{}:{}:{}: {}", source_name, at.line, at.column, error.description()));
  }
}

OptionValue read_toml_value(std::string_view text, const std::string& origin) {
  OptionValue value;
  value.data = std::string(text);
  value.origin = origin;
  // Text that begins like an array, a table or a quoted text was meant as one, so its syntax errors are errors.
  const std::string_view begin = trim(text).substr(0, 1);
  const bool bare = begin.empty() || std::string_view("\"'[{").find(begin) == std::string_view::npos;
  if (bare && text.find_first_of("\n#") != std::string_view::npos) return value;
  try {
    toml::table table = toml::parse("value = " + std::string(text), std::string_view(origin));
    const toml::node* node = table.get("value");
    const bool is_date = node->is_date() || node->is_time() || node->is_date_time();
    if (table.size() != 1) throw ConfigError(fmt::format("{}: there is more than one value", origin));
    if (is_date) return value;
    value = convert(*node, origin, "the value", 0);
    value.origin = origin;
  } catch (const toml::parse_error& error) {
    // So was a number, which is no TOML where it has too many digits.
    const bool number = trim(text).find_first_not_of("+-0123456789") == std::string_view::npos && !trim(text).empty();
    if (!bare || number) throw ConfigError(fmt::format("{}: {}", origin, error.description()));
  }
  return value;
}

std::string write_toml(const OptionValue& table) {
  std::string out;
  write_table(*table.table(), "", out);
  return out;
}

}  // namespace longtake
