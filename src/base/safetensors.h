// The safetensors container: named tensors and text metadata in one file that Python's `safetensors` opens too.
//
//   8 bytes   length N of the header, unsigned, little-endian; at most 100 MB
//   N bytes   JSON {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//             "__metadata__": {"key": "text", ...}}, padded with spaces
//   the rest  the tensors' bytes, little-endian, row-major
//
// The reader is strict, after the rules that came out of the format's security audit: the header begins with '{', names
// are not empty and not repeated, the dtype is known, shape and dtype give the length without overflow, and the tensors
// fill the rest of the file from its first byte to its last without a hole or an overlap. Whatever breaks a rule is
// BadData that names the file and the rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "longtake/tensor.h"

namespace longtake {

// How a file holds the numbers of a float32 tensor that need fewer bits.
enum class Stored : std::uint8_t {
  kAsIs,
  kHalf,    // "F16", IEEE binary16
  kBfloat,  // "BF16"
  kByte,    // "I8", whole numbers
};

struct SafetensorsFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  // The tensors that the file holds otherwise than as they are here, float32. They are written rounded to the nearest.
  std::map<std::string, Stored> stored;
};

// What becomes of numbers of two bytes ("F16", "BF16") and of one ("I8"), which no tensor of ours has: refused as of an
// unknown dtype, or read as float32, which holds them exactly.
enum class NarrowNumbers : std::uint8_t {
  kRefuse,
  kWidenHalves,  // those of one byte, which mean little without a scale, stay refused
  kWiden,
};

// What the header tells of one tensor; the offsets count from the first byte after the header.
struct SafetensorsEntry {
  DType dtype = DType::kFloat32;  // of the tensor in memory
  Stored stored = Stored::kAsIs;
  Shape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;  // where the tensors' bytes begin in the file
};

// The most bytes a header may have.
inline constexpr std::uint64_t kSafetensorsHeaderLimit = 100'000'000;

// `name` stands for the file in errors.
SafetensorsFile read_safetensors(std::span<const std::byte> bytes, const std::string& name,
                                 NarrowNumbers narrow = NarrowNumbers::kRefuse);
// Never holds more in memory than the tensors themselves, the header and the bytes of a tensor that is widened.
SafetensorsFile read_safetensors(const Files& files, const Files::Path& path,
                                 NarrowNumbers narrow = NarrowNumbers::kRefuse);
// The header only, checked against all rules, without reading a tensor.
SafetensorsHeader read_safetensors_header(const Files& files, const Files::Path& path);

// The same contents always give the same bytes: tensors are ordered by the size of their dtype, largest first, then by
// name, and the data begins at a multiple of 8, so that every tensor is aligned to its dtype. Throws InvalidArgument
// for an empty or reserved name.
std::vector<std::byte> write_safetensors(const SafetensorsFile& contents);
// Writes as Files::write_atomic() does, without a second copy of the tensors in memory.
void save_safetensors(const Files& files, const Files::Path& path, const SafetensorsFile& contents);

}  // namespace longtake
