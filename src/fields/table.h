// Lines and comma separated values of track files. Private to fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::fields {

struct TableLine {
  std::int64_t number = 0;  // from 1
  std::string_view text;    // without white space at either end
};

// The lines of `text` that are not blank; they may end in LF or CRLF. Throws BadData that names source and line on a
// zero byte and on a line longer than 65536 characters, which is no table's.
std::vector<TableLine> table_lines(std::string_view text, const std::string& source_name);

// "tracks.csv:12"
std::string table_place(const std::string& source_name, std::int64_t line);

// The values of a line without white space at their ends. A value in double quotes keeps its commas; "" in it is one
// quote. Throws BadData that starts with `where` on a quote without its end or with text behind it.
std::vector<std::string> table_values(std::string_view line, const std::string& where);

// The words between spaces and tabs.
std::vector<std::string_view> words_of(std::string_view line);

}  // namespace longtake::fields
