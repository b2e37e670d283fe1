// Arrays in NumPy's .npy format (NEP 1), versions 1 to 3: what Moving MNIST and other sets of short videos come in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/files.h"
#include "longtake/tensor.h"

namespace longtake {

// What the header says. Numbers are in C order, little-endian.
struct NpyHeader {
  DType dtype = DType::kUint8;  // of '|u1', '|b1', '<f4', '<f8', '<i4' and '<i8'
  Shape shape;
  std::uint64_t data_begin = 0;  // offset of the first number
};

// An array in a file of any size, read piece by piece.
class NpyFile {
 public:
  // Reads the header. Throws BadData where the file is none, is cut short, or is in Fortran's order, big-endian or of
  // another type, saying which; IoError where it cannot be read.
  NpyFile(const Files& files, const Files::Path& path);

  const NpyHeader& header() const { return header_; }
  const std::string& name() const { return name_; }

  // The numbers [first, first + count) of the flat array, as they are stored. Throws InvalidArgument where there are
  // none.
  Tensor read(std::int64_t first, std::int64_t count) const;

 private:
  std::unique_ptr<InputFile> file_;
  std::string name_;
  NpyHeader header_;
};

// Parses the first bytes of a file of `size` bytes. Throws BadData.
NpyHeader parse_npy_header(std::string_view bytes, std::uint64_t size, const std::string& name);

// The first bytes of a file that holds an array of this type and shape, the numbers following; a multiple of 64 bytes.
std::string npy_header(DType dtype, const Shape& shape);

}  // namespace longtake
