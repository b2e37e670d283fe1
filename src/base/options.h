// A typed tree of settings as it was read from a TOML recipe and overridden on the command line. Readers ask for the
// keys they know, with a default; what was asked is remembered, so that a misspelt key can be named together with the
// right one, and the resolved recipe, defaults included, can be written back.
//
//   Options recipe = load_toml(real_files(), "recipes/motions.toml");
//   recipe.set_override("model.hidden_size=128");
//   const Options model = recipe.table("model");
//   const int hidden_size = model.get("hidden_size", 256);
//   recipe.check_all_used();
//
// Every error of the user is a ConfigError that names file, line and key, what was found and what is wanted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/files.h"
#include "longtake/error.h"

namespace longtake {

struct OptionValue;
struct OptionRecord;

// The types a setting can have. Whole numbers are accepted where double is wanted, never the other way round, and must
// fit the type.
template <class T>
inline constexpr bool kIsOptionType =
    std::is_same_v<T, bool> || std::is_same_v<T, int> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, std::uint64_t> || std::is_same_v<T, double> || std::is_same_v<T, std::string> ||
    std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>> ||
    std::is_same_v<T, std::vector<std::string>>;

// A table of settings. Copies have their own values and share the record of what was asked; so do the sub-tables that
// table() gives. Not to be read from two threads at once.
class Options {
 public:
  // An empty table, from which every get() returns its default.
  Options();

  // The value of `key`, or `fallback` where it is absent, which is then recorded as the resolved value.
  template <class T>
  requires kIsOptionType<T> T get(std::string_view key, const T& fallback)
  const;
  std::string get(std::string_view key, const char* fallback) const { return get<std::string>(key, fallback); }

  // The value of `key`, which must be there.
  template <class T>
  requires kIsOptionType<T> T require(std::string_view key)
  const;

  // The text of `key`, which must be there and not be empty: a path or a name.
  std::string require_text(std::string_view key) const;

  // A text that must be one of `choices`.
  std::string get_choice(std::string_view key, const std::string& fallback, std::span<const std::string> choices) const;

  // The sub-table `key`, empty where it is absent.
  Options table(std::string_view key) const;
  // Is there a value or table under `key`? Counts as asking for it.
  bool has(std::string_view key) const;
  // The names of all that is set in this table, sorted: for tables whose keys are free, such as labels.
  std::vector<std::string> keys() const;
  // Accepts `key` with all below it, for what another program reads.
  void ignore(std::string_view key) const;

  // Sets one value from "section.key=value" before anything reads it. The value is written as in TOML; a word that is
  // no TOML value is a text.
  void set_override(std::string_view assignment);

  // Throws for the keys, here and in all tables below, that nobody asked for, and suggests the nearest known ones.
  void check_all_used() const;

  // Where reading failed before check_all_used(): the keys so far unasked that look like a key which was asked and is
  // not there, a line each, to put after the error. Empty when there are none.
  std::string misspelling_hint() const;

  // An error about the value of `key`: "recipes/a.toml:12: model.hidden_size " and then `problem`.
  ConfigError error(std::string_view key, std::string_view problem) const;

  // All settings as TOML, with the defaults that get() returned, sorted: parse_toml() of it gives the same values.
  std::string to_toml() const;

 private:
  friend Options parse_toml(std::string_view text, const std::string& source_name);
  Options(std::shared_ptr<const OptionValue> values, std::shared_ptr<OptionRecord> record, std::string path);

  const OptionValue* find(std::string_view key) const;
  std::string full_name(std::string_view key) const;
  void collect_unused(std::vector<std::string>& messages) const;
  void collect_misspelt(std::string& hint) const;

  std::shared_ptr<const OptionValue> values_;  // always a table
  std::shared_ptr<OptionRecord> record_;
  std::string path_;  // "model.encoder", empty for the whole recipe
};

// The most bytes and the most dots of a recipe that is read. Each dot can nest one table deeper, and toml++ would
// exhaust the stack at some ten thousands.
inline constexpr std::size_t kRecipeBytes = std::size_t{1} << 20;
inline constexpr std::size_t kRecipeDots = 8000;

// Reads TOML 1.0 without dates and arrays of anything but plain values. Syntax errors are ConfigErrors that begin
// with "source_name:line:column: ".
Options parse_toml(std::string_view text, const std::string& source_name);
Options load_toml(const Files& files, const Files::Path& path);

}  // namespace longtake
