// Fields of one line of comma separated values. For data and tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace longtake {

// The fields of `line` without white space at their ends. A field in double quotes keeps its commas and white space,
// and
// "" in it is one quote. Throws BadData that starts with `where` on a quote without its end or with text behind it.
std::vector<std::string> parse_csv_line(std::string_view line, const std::string& where);

}  // namespace longtake
