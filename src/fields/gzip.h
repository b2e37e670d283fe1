// Compressed bytes, by zlib. Private to fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace longtake::fields {

// Whether the bytes begin as a gzip file does.
bool is_gzip(std::string_view bytes);

// The contents of a gzip file (of one or several members) or a zlib stream. Throws BadData that starts with `where`
// where they are cut off, damaged or more than `limit` bytes.
std::string inflate_bytes(std::string_view bytes, std::size_t limit, const std::string& where);

}  // namespace longtake::fields
