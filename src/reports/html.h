// Pieces of HTML: text made safe, bytes as data URIs, and numbers for people.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace longtake::reports {

// `text` as it may stand between tags and in quoted attributes: & < > " ' become entities, control characters that
// HTML forbids and bytes that are no UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

std::string base64(std::span<const std::byte> bytes);

// The beginning of a <section> that is named by its title.
std::string open_section(std::string_view id, std::string_view title);

// A data: URI of a PNG, JPEG, GIF or WebP picture; empty for anything else.
std::string image_uri(std::span<const std::byte> bytes);

// Numbers for people: about four significant digits, no exponent for everyday sizes; "-" where there is none.
std::string number_for_people(double value);
// "93.5 %"; "-" where there is none.
std::string percent_for_people(std::optional<double> share);

}  // namespace longtake::reports
