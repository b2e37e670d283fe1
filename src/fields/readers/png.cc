// libpng behind decode_gray_png().
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>

#include "fields/field.h"
#include "fields/readers/readers.h"
#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

// What libpng's callbacks are given.
struct PngSource {
  std::string_view rest;
  std::string error;
};

void read_png_bytes(png_structp png, png_bytep out, png_size_t wanted) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(png));
  if (source.rest.size() < wanted) png_error(png, "the bytes are cut off");
  std::copy_n(source.rest.data(), wanted, reinterpret_cast<char*>(out));
  source.rest.remove_prefix(wanted);
}

// libpng leaves by longjmp: nothing between here and the setjmp may need a destructor.
void note_png_error(png_structp png, png_const_charp message) {
  static_cast<PngSource*>(png_get_error_ptr(png))->error = message;
  png_longjmp(png, 1);
}

void ignore_png_warning(png_structp, png_const_charp) {}

class PngReader {
 public:
  PngReader(std::string_view bytes, const std::string& where) : where_(where) {
    source_.rest = bytes;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, note_png_error, ignore_png_warning);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw Unsupported(where + ": libpng cannot be started");
    }
    png_set_read_fn(png_, &source_, read_png_bytes);
    png_set_user_limits(png_, kLongestSide, kLongestSide);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Picture8 read() {
    if (!read_header()) refuse();
    Picture8 picture{png_get_image_height(png_, info_), png_get_image_width(png_, info_), {}};
    check_size(picture.height, picture.width, where_);
    if (png_get_color_type(png_, info_) != PNG_COLOR_TYPE_GRAY || png_get_bit_depth(png_, info_) != 8) {
      throw Unsupported(fmt::format("{}: is a PNG of colour type {} and {} bits; 8-bit gray is read", where_,
                                    png_get_color_type(png_, info_), png_get_bit_depth(png_, info_)));
    }
    picture.pixels.resize(static_cast<std::size_t>(picture.height * picture.width));
    std::vector<png_bytep> rows;
    for (std::int64_t i = 0; i < picture.height; ++i) rows.push_back(picture.pixels.data() + i * picture.width);
    if (!read_rows(rows.data())) refuse();
    return picture;
  }

 private:
  [[noreturn]] void refuse() const { throw BadData(fmt::format("{}: is no good PNG ({})", where_, source_.error)); }

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;  // NOLINT(bugprone-*): libpng has no other way out
    png_read_info(png_, info_);
    return true;
  }
  bool read_rows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;  // NOLINT(bugprone-*): libpng has no other way out
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  PngSource source_;
  const std::string& where_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Picture8 decode_gray_png(std::string_view bytes, const std::string& where) { return PngReader(bytes, where).read(); }

}  // namespace longtake::fields::readers
