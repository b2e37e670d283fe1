// Small helpers on text: splitting, strict numbers, and messages that suggest the name that was probably meant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace longtake {

// `text` without white space (space, tab, CR, LF, VT, FF) at either end.
std::string_view trim(std::string_view text);

// The parts of `text` between separators, empty ones included: "a,,b" has three, and "" has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

// Whether the bytes are UTF-8, without overlong forms, surrogates or what lies beyond U+10FFFF.
bool is_utf8(std::string_view text);
// `text` with "?" in place of each byte that is none.
std::string as_utf8(std::string_view text);

std::string join(std::span<const std::string> parts, std::string_view separator);

// The whole of `text` as a decimal number; white space, a leading '+', trailing characters, overflow and (for
// parse_double) "inf" and "nan" are BadData whose message starts with `what`.
std::int64_t parse_int64(std::string_view text, std::string_view what);
double parse_double(std::string_view text, std::string_view what);

// How many characters must be inserted, deleted, replaced or swapped with their neighbour to turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, the first among equals; empty when none is near (more than a third of the letters
// differ).
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// `unknown key "hiden_size" in [model]; did you mean "hidden_size"?` for kind "key" and where "[model]"; an empty
// `where` is left out. When no candidate is near, the message lists them.
std::string unknown_name_message(std::string_view kind, std::string_view name, std::string_view where,
                                 std::span<const std::string> candidates);

}  // namespace longtake
