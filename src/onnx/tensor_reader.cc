// Tensors of files: every type and form that ONNX writes them in, held to their sizes.
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/half.h"
#include "longtake/error.h"
#include "onnx/constants.h"

namespace longtake::onnx {

namespace {

using onnx_format::TensorProto;

constexpr std::int64_t kMostElements = std::int64_t{1} << 30;
constexpr int kMostDimensions = 16;

// The numbers, from the raw bytes (little-endian, as on every machine this is built for) or from the repeated field.
template <class Stored, class Out, class Field, class Convert>
void fill(Tensor& out, const TensorProto& proto, const Field& field, const std::string& where, const Convert& convert) {
  static_assert(std::endian::native == std::endian::little);
  const auto to = out.data<Out>();
  const bool raw = proto.has_raw_data();
  const std::size_t held = raw ? proto.raw_data().size() : static_cast<std::size_t>(field.size());
  const std::size_t needed = raw ? to.size() * sizeof(Stored) : to.size();
  if (held != needed) {
    throw BadData(fmt::format("{}: holds {} {} but its shape {} needs {}", where, held, raw ? "bytes" : "numbers",
                              to_string(out.shape()), needed));
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored stored;
    if (raw) {
      std::memcpy(&stored, proto.raw_data().data() + i * sizeof(Stored), sizeof(Stored));
    } else {
      stored = static_cast<Stored>(field.Get(static_cast<int>(i)));
    }
    to[i] = convert(stored);
  }
}

template <class Stored, class Field>
void fill_integers(Tensor& out, const TensorProto& proto, const Field& field, const std::string& where) {
  fill<Stored, std::int64_t>(out, proto, field, where, [&](Stored value) {
    // Stored is a number, never a character, also where it has eight bits.
    const auto number = static_cast<std::int64_t>(value);  // NOLINT(bugprone-signed-char-misuse)
    if (is_mark(number)) throw BadData(where + ": holds the integer " + std::to_string(number));
    return number;
  });
}

const auto kAsFloat = [](auto value) { return static_cast<float>(value); };

}  // namespace

Tensor read_tensor(const TensorProto& proto, const std::string& where) {
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    throw Unsupported(where + ": its numbers are in another file; save the model with its weights inside");
  }
  if (proto.dims_size() > kMostDimensions) throw BadData(where + ": has more than 16 dimensions");
  Shape shape(proto.dims().begin(), proto.dims().end());
  std::int64_t count = 1;
  for (std::int64_t size : shape) {
    if (size < 0 || size > kMostElements || (count *= std::max<std::int64_t>(size, 1)) > kMostElements) {
      throw BadData(fmt::format("{}: its shape {} is negative or above 2^30 numbers", where, to_string(shape)));
    }
  }
  // No number takes less than a bit of the file, so a small file cannot ask for much memory.
  if (element_count(shape) > static_cast<std::int64_t>(proto.ByteSizeLong())) {
    throw BadData(fmt::format("{}: is {} but holds only {} bytes", where, to_string(shape), proto.ByteSizeLong()));
  }
  const bool real = proto.data_type() == TensorProto::FLOAT || proto.data_type() == TensorProto::DOUBLE ||
                    proto.data_type() == TensorProto::FLOAT16 || proto.data_type() == TensorProto::BFLOAT16;
  Tensor out(real ? DType::kFloat32 : DType::kInt64, shape);
  const auto& small = proto.int32_data();
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      fill<float, float>(out, proto, proto.float_data(), where, kAsFloat);
      break;
    case TensorProto::DOUBLE:
      fill<double, float>(out, proto, proto.double_data(), where, kAsFloat);
      break;
    case TensorProto::FLOAT16:
      fill<std::uint16_t, float>(out, proto, small, where, float_of_half);
      break;
    case TensorProto::BFLOAT16:
      fill<std::uint16_t, float>(out, proto, small, where, float_of_bfloat);
      break;
    case TensorProto::INT64:
      fill_integers<std::int64_t>(out, proto, proto.int64_data(), where);
      break;
    case TensorProto::INT32:
      fill_integers<std::int32_t>(out, proto, small, where);
      break;
    case TensorProto::INT16:
      fill_integers<std::int16_t>(out, proto, small, where);
      break;
    case TensorProto::UINT16:
      fill_integers<std::uint16_t>(out, proto, small, where);
      break;
    case TensorProto::INT8:
      fill_integers<std::int8_t>(out, proto, small, where);
      break;
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      fill_integers<std::uint8_t>(out, proto, small, where);
      break;
    case TensorProto::UINT32:
      fill_integers<std::uint32_t>(out, proto, proto.uint64_data(), where);
      break;
    default:
      throw Unsupported(fmt::format("{}: numbers of type {} are not supported; convert the model to float32", where,
                                    proto.data_type()));
  }
  return out;
}

}  // namespace longtake::onnx
