// Any text is either a recipe, which survives writing and reading, or a ConfigError; so is any override. The input is
// the recipe, and after a NUL byte, an override.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/options.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  try {
    longtake::Options options = longtake::parse_toml(input.substr(0, end), "fuzz");
    if (end != std::string_view::npos) options.set_override(input.substr(end + 1));
    const std::string written = options.to_toml();
    if (longtake::parse_toml(written, "written").to_toml() != written) __builtin_trap();
    options.table("model").get("hidden_size", 1);
    options.check_all_used();
  } catch (const longtake::ConfigError&) {
  }
  return 0;
}
