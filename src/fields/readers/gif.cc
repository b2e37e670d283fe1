// giflib behind decode_gif().
#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>

#include "fields/field.h"
#include "fields/readers/readers.h"
#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

int read_gif_bytes(GifFileType* gif, GifByteType* out, int wanted) {
  auto& rest = *static_cast<std::string_view*>(gif->UserData);
  const std::size_t count = std::min(rest.size(), static_cast<std::size_t>(std::max(wanted, 0)));
  std::copy_n(rest.data(), count, reinterpret_cast<char*>(out));
  rest.remove_prefix(count);
  return static_cast<int>(count);
}

class GifReader {
 public:
  GifReader(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {
    int error = 0;
    gif_ = DGifOpen(&rest_, read_gif_bytes, &error);
    if (gif_ == nullptr) refuse("is no GIF file", error);
  }
  ~GifReader() { DGifCloseFile(gif_, nullptr); }
  GifReader(const GifReader&) = delete;
  GifReader& operator=(const GifReader&) = delete;

  Picture8 first_picture() {
    for (;;) {
      GifRecordType type = UNDEFINED_RECORD_TYPE;
      check(DGifGetRecordType(gif_, &type), "has a broken block");
      if (type == IMAGE_DESC_RECORD_TYPE) return picture();
      if (type == EXTENSION_RECORD_TYPE) {
        skip_extension();
      } else if (type == TERMINATE_RECORD_TYPE) {
        throw BadData(where_ + ": holds no picture");
      }
    }
  }

 private:
  [[noreturn]] void refuse(std::string_view what, int error) const {
    const char* reason = GifErrorString(error);
    throw BadData(fmt::format("{}: {} ({})", where_, what, reason != nullptr ? reason : "no reason given"));
  }
  void check(int status, std::string_view what) const {
    if (status != GIF_OK) refuse(what, gif_->Error);
  }

  void skip_extension() {
    int code = 0;
    GifByteType* block = nullptr;
    check(DGifGetExtension(gif_, &code, &block), "has a broken extension");
    while (block != nullptr) check(DGifGetExtensionNext(gif_, &block), "has a broken extension");
  }

  Picture8 picture() {
    check(DGifGetImageDesc(gif_), "has a broken picture");
    const GifImageDesc& image = gif_->Image;
    Picture8 result{image.Height, image.Width, {}};
    check_size(result.height, result.width, where_);
    if (image.Left != 0 || image.Top != 0 || image.Width != gif_->SWidth || image.Height != gif_->SHeight) {
      throw BadData(fmt::format("{}: the picture of {} x {} does not fill the screen of {} x {}", where_, image.Height,
                                image.Width, gif_->SHeight, gif_->SWidth));
    }
    result.pixels.resize(static_cast<std::size_t>(result.height * result.width));
    constexpr std::array<std::array<int, 2>, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    constexpr std::array<std::array<int, 2>, 1> kOnce{{{0, 1}}};
    const std::span<const std::array<int, 2>> passes =
        image.Interlace ? std::span<const std::array<int, 2>>(kPasses) : std::span<const std::array<int, 2>>(kOnce);
    for (const auto& [first, step] : passes) {
      for (std::int64_t row = first; row < result.height; row += step) {
        check(DGifGetLine(gif_, result.pixels.data() + row * result.width, image.Width), "is cut off or damaged");
      }
    }
    return result;
  }

  std::string_view rest_;
  const std::string& where_;
  GifFileType* gif_ = nullptr;
};

}  // namespace

Picture8 decode_gif(std::string_view bytes, const std::string& where) {
  return GifReader(bytes, where).first_picture();
}

}  // namespace longtake::fields::readers
