// JSON whose values know their line, so that a message about a file of annotations can name it. Private to data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longtake {

struct LinedJson {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  std::int64_t line = 0;  // where it ends; where an array or object begins
  double number = 0;
  std::string text;                 // of a string
  std::vector<std::string> keys;    // of an object, as they come
  std::vector<LinedJson> elements;  // of an array, or one per key

  // The value of a key of an object; null where it has none.
  const LinedJson* find(std::string_view key) const;
};

// Throws BadData that begins with "source_name:line: " for what is no JSON, has a key twice in one object, or is nested
// deeper than any annotation.
LinedJson parse_lined_json(std::string_view text, const std::string& source_name);

}  // namespace longtake
