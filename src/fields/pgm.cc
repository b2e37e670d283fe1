// Netpbm's PGM: https://netpbm.sourceforge.net/doc/pgm.html
#include "fields/pgm.h"

#include <fmt/format.h>

#include <cctype>

#include "base/text.h"
#include "fields/field.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kMostComments = 1000;
constexpr std::size_t kLongestNumber = 10;

class PgmHeader {
 public:
  PgmHeader(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}

  // The next number, after white space and comments.
  std::int64_t number(std::string_view what) {
    skip_space();
    std::size_t length = 0;
    while (length < rest_.size() && length < kLongestNumber && is_digit_at(length)) ++length;
    if (length == 0) {
      throw BadData(fmt::format("{}: the header has no {}; P5, width, height and maxval are wanted", where_, what));
    }
    const std::int64_t value = parse_int64(rest_.substr(0, length), where_);
    rest_.remove_prefix(length);
    return value;
  }

  // What follows the single white space behind maxval.
  std::string_view pixels() {
    if (rest_.empty() || std::isspace(static_cast<unsigned char>(rest_.front())) == 0) {
      throw BadData(where_ + ": the header does not end in white space before the pixels");
    }
    return rest_.substr(1);
  }

  void skip(std::size_t bytes) { rest_.remove_prefix(bytes); }
  std::vector<std::string> take_comments() { return std::move(comments_); }

 private:
  bool is_digit_at(std::size_t i) const { return std::isdigit(static_cast<unsigned char>(rest_[i])) != 0; }

  void skip_space() {
    while (!rest_.empty()) {
      if (rest_.front() == '#') {
        const std::size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
        if (comments_.size() == kMostComments) throw BadData(where_ + ": the header has too many comments");
        comments_.emplace_back(trim(rest_.substr(1, end - 1)));
        rest_.remove_prefix(end);
      } else if (std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }

  std::string_view rest_;
  const std::string& where_;
  std::vector<std::string> comments_;
};

}  // namespace

Pgm parse_pgm(std::string_view bytes, const std::string& where) {
  const bool netpbm = bytes.size() >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7';
  if (!netpbm) throw BadData(where + ": is no PGM file, which begins with P5");
  if (bytes[1] != '5') {
    throw Unsupported(fmt::format("{}: is Netpbm's P{}; only P5, the binary gray map, is read", where, bytes[1]));
  }
  PgmHeader header(bytes, where);
  header.skip(2);
  Pgm picture;
  picture.width = header.number("width");
  picture.height = header.number("height");
  check_size(picture.height, picture.width, where);
  picture.greatest = header.number("maxval");
  if (picture.greatest < 1 || picture.greatest > 65535) {
    throw BadData(fmt::format("{}: a maxval of {}; 1 to 65535 is wanted", where, picture.greatest));
  }
  const std::string_view data = header.pixels();
  const std::size_t count = static_cast<std::size_t>(picture.height * picture.width);
  const std::size_t wide = picture.greatest > 255 ? 2 : 1;
  if (data.size() < count * wide) {
    throw BadData(fmt::format("{}: {} bytes of pixels where {} x {} at {} bytes need {}; the file is cut off", where,
                              data.size(), picture.height, picture.width, wide, count * wide));
  }
  picture.pixels.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint16_t>(static_cast<unsigned char>(data[k])); };
    picture.pixels[i] = wide == 1 ? byte(i) : static_cast<std::uint16_t>(byte(2 * i) << 8 | byte(2 * i + 1));
    if (picture.pixels[i] > picture.greatest) {
      throw BadData(
          fmt::format("{}: pixel {} is {}, above the maxval of {}", where, i, picture.pixels[i], picture.greatest));
    }
  }
  picture.comments = header.take_comments();
  return picture;
}

}  // namespace longtake::fields
