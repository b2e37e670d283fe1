#include "base/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/option_value.h"
#include "base/text.h"

namespace longtake {
namespace {

// Conversions of one value. Each returns false where the value has another type, and names what it wants.

template <class T>
struct Reader;

template <>
struct Reader<bool> {
  static constexpr const char* kWanted = "true or false";
  static bool read(const OptionValue& value, bool& out) {
    const bool* boolean = std::get_if<bool>(&value.data);
    if (boolean != nullptr) out = *boolean;
    return boolean != nullptr;
  }
};

template <>
struct Reader<std::int64_t> {
  static constexpr const char* kWanted = "a whole number";
  static bool read(const OptionValue& value, std::int64_t& out) {
    const std::int64_t* integer = std::get_if<std::int64_t>(&value.data);
    if (integer != nullptr) out = *integer;
    return integer != nullptr;
  }
};

template <>
struct Reader<int> {
  static constexpr const char* kWanted = "a whole number of at most 32 bits";
  static bool read(const OptionValue& value, int& out) {
    std::int64_t integer = 0;
    if (!Reader<std::int64_t>::read(value, integer) || !std::in_range<int>(integer)) return false;
    out = static_cast<int>(integer);
    return true;
  }
};

template <>
struct Reader<std::uint64_t> {
  static constexpr const char* kWanted = "a whole number that is not negative";
  static bool read(const OptionValue& value, std::uint64_t& out) {
    std::int64_t integer = 0;
    if (!Reader<std::int64_t>::read(value, integer) || integer < 0) return false;
    out = static_cast<std::uint64_t>(integer);
    return true;
  }
};

template <>
struct Reader<double> {
  static constexpr const char* kWanted = "a number";
  static bool read(const OptionValue& value, double& out) {
    std::int64_t integer = 0;
    if (Reader<std::int64_t>::read(value, integer)) {
      out = static_cast<double>(integer);
      return true;
    }
    const double* number = std::get_if<double>(&value.data);
    if (number == nullptr || std::isnan(*number)) return false;
    out = *number;
    return true;
  }
};

template <>
struct Reader<std::string> {
  static constexpr const char* kWanted = "a text in quotes";
  static bool read(const OptionValue& value, std::string& out) {
    const std::string* text = std::get_if<std::string>(&value.data);
    if (text != nullptr) out = *text;
    return text != nullptr;
  }
};

template <class T>
bool read_array(const OptionValue& value, std::vector<T>& out) {
  const OptionValue::Array* array = std::get_if<OptionValue::Array>(&value.data);
  if (array == nullptr) return false;
  out.assign(array->size(), T{});
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!Reader<T>::read((*array)[i], out[i])) return false;
  }
  return true;
}

template <>
struct Reader<std::vector<std::int64_t>> {
  static constexpr const char* kWanted = "an array of whole numbers";
  static bool read(const OptionValue& value, std::vector<std::int64_t>& out) { return read_array(value, out); }
};
template <>
struct Reader<std::vector<double>> {
  static constexpr const char* kWanted = "an array of numbers";
  static bool read(const OptionValue& value, std::vector<double>& out) { return read_array(value, out); }
};
template <>
struct Reader<std::vector<std::string>> {
  static constexpr const char* kWanted = "an array of texts in quotes";
  static bool read(const OptionValue& value, std::vector<std::string>& out) { return read_array(value, out); }
};

// The value that stands for `fallback` in the resolved recipe.
OptionValue recorded(bool fallback) { return {fallback, ""}; }
OptionValue recorded(std::int64_t fallback) { return {fallback, ""}; }
OptionValue recorded(int fallback) { return {std::int64_t{fallback}, ""}; }
OptionValue recorded(double fallback) { return {fallback, ""}; }
OptionValue recorded(const std::string& fallback) { return {fallback, ""}; }
OptionValue recorded(std::uint64_t fallback) {
  if (!std::in_range<std::int64_t>(fallback)) throw InvalidArgument("a default setting exceeds 63 bits");
  return {static_cast<std::int64_t>(fallback), ""};
}
template <class T>
OptionValue recorded(const std::vector<T>& fallback) {
  OptionValue::Array elements;
  for (const T& element : fallback) elements.push_back(recorded(element));
  return {std::move(elements), ""};
}

// The values of `table` with the defaults that readers were given where it has none.
OptionValue resolved(const OptionValue& table, const OptionRecord& record) {
  static const OptionValue kEmpty;
  OptionValue result = table;
  auto& members = std::get<OptionValue::Table>(result.data);
  for (const auto& [key, fallback] : record.defaults) members.emplace(key, fallback);
  for (const auto& [key, child] : record.tables) {
    const auto found = members.find(key);
    const bool is_table = found != members.end() && found->second.table() != nullptr;
    members.insert_or_assign(key, resolved(is_table ? found->second : kEmpty, *child));
  }
  return result;
}

void check_limits(std::string_view text, const std::string& source_name) {
  const auto dots = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
  if (text.size() <= kRecipeBytes && dots <= kRecipeDots) return;
  throw ConfigError(fmt::format("{}: has {} bytes and {} dots, but a recipe has at most {} and {}", source_name,
                                text.size(), dots, kRecipeBytes, kRecipeDots));
}

}  // namespace

Options::Options() : Options(std::make_shared<OptionValue>(), std::make_shared<OptionRecord>(), "") {}

Options::Options(std::shared_ptr<const OptionValue> values, std::shared_ptr<OptionRecord> record, std::string path)
    : values_(std::move(values)), record_(std::move(record)), path_(std::move(path)) {}

const OptionValue* Options::find(std::string_view key) const {
  record_->asked.emplace(key);
  const auto found = values_->table()->find(key);
  return found == values_->table()->end() ? nullptr : &found->second;
}

std::string Options::full_name(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

template <class T>
requires kIsOptionType<T> T Options::get(std::string_view key, const T& fallback)
const {
  if (find(key) != nullptr) return require<T>(key);
  record_->defaults.emplace(key, recorded(fallback));
  return fallback;
}

template <class T>
requires kIsOptionType<T> T Options::require(std::string_view key)
const {
  const OptionValue* value = find(key);
  if (value == nullptr) throw error(key, fmt::format("is missing; it must be {}", Reader<T>::kWanted));
  T result{};
  if (!Reader<T>::read(*value, result)) {
    throw error(key, fmt::format("must be {}, but is {}", Reader<T>::kWanted, describe(*value)));
  }
  return result;
}

#define LONGTAKE_INSTANTIATE(T)                                 \
  template T Options::get<T>(std::string_view, const T&) const; \
  template T Options::require<T>(std::string_view) const;
LONGTAKE_INSTANTIATE(bool)
LONGTAKE_INSTANTIATE(int)
LONGTAKE_INSTANTIATE(std::int64_t)
LONGTAKE_INSTANTIATE(std::uint64_t)
LONGTAKE_INSTANTIATE(double)
LONGTAKE_INSTANTIATE(std::string)
LONGTAKE_INSTANTIATE(std::vector<std::int64_t>)
LONGTAKE_INSTANTIATE(std::vector<double>)
LONGTAKE_INSTANTIATE(std::vector<std::string>)
#undef LONGTAKE_INSTANTIATE

std::string Options::require_text(std::string_view key) const {
  std::string text = require<std::string>(key);
  if (text.empty()) throw error(key, "must not be empty");
  return text;
}

std::string Options::get_choice(std::string_view key, const std::string& fallback,
                                std::span<const std::string> choices) const {
  std::string value = get<std::string>(key, fallback);
  for (const std::string& choice : choices) {
    if (value == choice) return value;
  }
  throw error(key, "has an " + unknown_name_message("value", value, "", choices));
}

Options Options::table(std::string_view key) const {
  const OptionValue* value = find(key);
  if (value != nullptr && value->table() == nullptr) {
    throw error(key, fmt::format("must be a table, but is {}", describe(*value)));
  }
  std::shared_ptr<OptionRecord>& record = record_->tables[std::string(key)];
  if (record == nullptr) record = std::make_shared<OptionRecord>();
  // A sub-table keeps the whole tree alive.
  std::shared_ptr<const OptionValue> values(values_, value);
  if (value == nullptr) values = std::make_shared<OptionValue>(OptionValue{OptionValue::Table{}, values_->origin});
  return Options(std::move(values), record, full_name(key));
}

bool Options::has(std::string_view key) const { return find(key) != nullptr; }

std::vector<std::string> Options::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : *values_->table()) names.push_back(key);
  return names;
}

void Options::ignore(std::string_view key) const { record_->ignored.emplace(key); }

void Options::set_override(std::string_view assignment) {
  const std::string origin = fmt::format("override {}", assignment.substr(0, 200));
  check_limits(assignment, origin);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) throw ConfigError(origin + ": must have the form section.key=value");

  auto root = std::make_shared<OptionValue>(*values_);
  OptionValue* target = root.get();
  const std::vector<std::string_view> names = split(assignment.substr(0, equals), '.');
  if (names.size() > kMaxTableDepth) throw ConfigError(origin + ": tables are nested too deeply");
  for (const std::string_view part : names) {
    const std::string name(trim(part));
    if (name.empty()) throw ConfigError(origin + ": a name before '=' is empty");
    auto* members = std::get_if<OptionValue::Table>(&target->data);
    if (members == nullptr) {
      throw ConfigError(fmt::format("{}: {} is no table, so \"{}\" cannot be set in it", origin, target->origin, name));
    }
    target = &members->try_emplace(name, OptionValue{OptionValue::Table{}, origin}).first->second;
  }
  *target = read_toml_value(assignment.substr(equals + 1), origin);
  values_ = std::move(root);
}

void Options::check_all_used() const {
  std::vector<std::string> messages;
  collect_unused(messages);
  if (!messages.empty()) throw ConfigError(join(messages, "\n"));
}

void Options::collect_unused(std::vector<std::string>& messages) const {
  std::vector<std::string> known(record_->asked.begin(), record_->asked.end());
  for (const std::string& key : record_->ignored) {
    if (!record_->asked.contains(key)) known.push_back(key);
  }
  for (const auto& [key, value] : *values_->table()) {
    if (record_->ignored.contains(key)) continue;
    if (!record_->asked.contains(key)) {
      const std::string where = path_.empty() ? "" : fmt::format("[{}]", path_);
      messages.push_back(value.origin + ": " + unknown_name_message("key", key, where, known));
    } else if (value.table() != nullptr && record_->tables.contains(key)) {
      table(key).collect_unused(messages);
    }
  }
}

std::string Options::misspelling_hint() const {
  std::string hint;
  collect_misspelt(hint);
  return hint;
}

void Options::collect_misspelt(std::string& hint) const {
  // A table that is there only because of one within it may be what was meant, too.
  const auto is_implied = [](const OptionValue& value) {
    const auto* members = value.table();
    return members != nullptr && !members->empty() &&
           std::all_of(members->begin(), members->end(),
                       [](const auto& member) { return member.second.table() != nullptr; });
  };
  std::vector<std::string> missing;
  for (const std::string& key : record_->asked) {
    const auto found = values_->table()->find(key);
    if (found == values_->table()->end() || is_implied(found->second)) missing.push_back(key);
  }
  for (const auto& [key, value] : *values_->table()) {
    if (!record_->asked.contains(key) && !record_->ignored.contains(key)) {
      const std::string meant = nearest(key, missing);
      if (!meant.empty())
        hint += fmt::format("\n{}: \"{}\" is not known so far; did you mean \"{}\"?", value.origin, key, meant);
    } else if (value.table() != nullptr && record_->tables.contains(key)) {
      table(key).collect_misspelt(hint);
    }
  }
}

ConfigError Options::error(std::string_view key, std::string_view problem) const {
  const auto found = values_->table()->find(key);
  const std::string& origin = found == values_->table()->end() ? values_->origin : found->second.origin;
  return ConfigError(fmt::format("{}{}{} {}", origin, origin.empty() ? "" : ": ", full_name(key), problem));
}

std::string Options::to_toml() const { return write_toml(resolved(*values_, *record_)); }

Options parse_toml(std::string_view text, const std::string& source_name) {
  check_limits(text, source_name);
  OptionValue table = read_toml_table(text, source_name);
  table.origin = source_name;
  return Options(std::make_shared<OptionValue>(std::move(table)), std::make_shared<OptionRecord>(), "");
}

Options load_toml(const Files& files, const Files::Path& path) { return parse_toml(files.read(path), path.string()); }

}  // namespace longtake
