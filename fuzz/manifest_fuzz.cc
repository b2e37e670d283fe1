// Any text is either a manifest, which survives writing and reading, or BadData.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/manifest.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const longtake::Dataset dataset = longtake::parse_manifest(text, "fuzz", "/folder");
    const std::string written = longtake::write_manifest(dataset, "/folder");
    const longtake::Dataset again = longtake::parse_manifest(written, "written", "/folder", dataset.labels);
    if (longtake::write_manifest(again, "/folder") != written) __builtin_trap();
  } catch (const longtake::BadData&) {
  }
  return 0;
}
