#include "base/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/half.h"
#include "base/safetensors_header.h"
#include "longtake/error.h"

namespace longtake {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in the file");

constexpr std::uint64_t kLengthBytes = 8;

std::uint64_t read_length(std::span<const std::byte, kLengthBytes> bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

// Where the bytes come from: memory, or a file.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::uint64_t size() const = 0;
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

class MemorySource : public Source {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  // The caller has checked the range against size().
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

 private:
  std::span<const std::byte> bytes_;
};

class FileSource : public Source {
 public:
  FileSource(const Files& files, const Files::Path& path) : file_(files.open(path)) {}
  std::uint64_t size() const override { return file_->size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override { file_->read(offset, out); }

 private:
  std::unique_ptr<InputFile> file_;
};

SafetensorsHeader read_header(const Source& source, const std::string& name, NarrowNumbers narrow) {
  if (source.size() < kLengthBytes) {
    throw BadData(fmt::format("{}: has {} bytes, too few for a safetensors file", name, source.size()));
  }
  std::byte length_bytes[kLengthBytes];
  source.read(0, length_bytes);
  const std::uint64_t length = read_length(length_bytes);
  if (length > kSafetensorsHeaderLimit) {
    throw BadData(fmt::format("{}: is no safetensors file: it begins with no length of a header of at most {} bytes",
                              name, kSafetensorsHeaderLimit));
  }
  if (length > source.size() - kLengthBytes) {
    throw BadData(fmt::format("{}: the header has {} bytes, but only {} follow: the file is truncated", name, length,
                              source.size() - kLengthBytes));
  }
  std::string json(static_cast<std::size_t>(length), '\0');
  source.read(kLengthBytes, std::as_writable_bytes(std::span(json)));
  const std::uint64_t data_begin = kLengthBytes + length;
  SafetensorsHeader header = parse_safetensors_header(json, source.size() - data_begin, name, narrow);
  header.data_begin = data_begin;
  return header;
}

void read_tensor(const Source& source, std::uint64_t offset, Stored stored, Tensor& tensor) {
  const auto read = [&](auto number, const auto& widen) {
    std::vector<decltype(number)> numbers(static_cast<std::size_t>(tensor.count()));
    source.read(offset, std::as_writable_bytes(std::span(numbers)));
    std::transform(numbers.begin(), numbers.end(), tensor.data<float>().begin(), widen);
  };
  switch (stored) {
    case Stored::kAsIs:
      return source.read(offset, std::span(tensor.raw(), tensor.bytes()));
    case Stored::kHalf:
      return read(std::uint16_t{}, float_of_half);
    case Stored::kBfloat:
      return read(std::uint16_t{}, float_of_bfloat);
    case Stored::kByte:
      return read(std::int8_t{}, [](std::int8_t number) { return static_cast<float>(number); });
  }
}

SafetensorsFile read_all(const Source& source, const std::string& name, NarrowNumbers narrow) {
  SafetensorsHeader header = read_header(source, name, narrow);
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  for (auto& [tensor_name, entry] : header.tensors) {
    // The header is checked, so this allocates no more than the file has, or four times that.
    Tensor tensor(entry.dtype, std::move(entry.shape));
    read_tensor(source, header.data_begin + entry.begin, entry.stored, tensor);
    if (entry.stored != Stored::kAsIs) file.stored[tensor_name] = entry.stored;
    file.tensors.emplace(tensor_name, std::move(tensor));
  }
  return file;
}

using NamedTensor = std::pair<const std::string, Tensor>;

Stored stored_as(const SafetensorsFile& contents, const NamedTensor& item) {
  const auto found = contents.stored.find(item.first);
  if (found == contents.stored.end() || found->second == Stored::kAsIs) return Stored::kAsIs;
  if (item.second.dtype() != DType::kFloat32) {
    throw InvalidArgument(fmt::format("tensor '{}' cannot be stored as {}", item.first,
                                      safetensors_name_of(DType::kFloat32, found->second)));
  }
  return found->second;
}

std::size_t number_size(const SafetensorsFile& contents, const NamedTensor& item) {
  return stored_size(item.second.dtype(), stored_as(contents, item));
}

std::vector<const NamedTensor*> file_order(const SafetensorsFile& contents) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : contents.tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [&](const NamedTensor* a, const NamedTensor* b) {
    return number_size(contents, *a) > number_size(contents, *b);
  });
  return order;
}

// The length and the padded JSON: all that comes before the tensors.
std::string written_header(const SafetensorsFile& contents, const std::vector<const NamedTensor*>& order) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!contents.metadata.empty()) json["__metadata__"] = contents.metadata;
  std::uint64_t position = 0;
  // A key that is looked up in an ordered_json costs a walk over all before it, so the entries are appended.
  auto& members = json.get_ref<nlohmann::ordered_json::object_t&>();
  for (const NamedTensor* item : order) {
    const auto& [name, tensor] = *item;
    if (name.empty() || name == "__metadata__") {
      throw InvalidArgument(fmt::format("a tensor cannot have the name \"{}\"", name));
    }
    const std::uint64_t bytes = number_size(contents, *item) * static_cast<std::uint64_t>(tensor.count());
    members.push_back({name,
                       {{"dtype", safetensors_name_of(tensor.dtype(), stored_as(contents, *item))},
                        {"shape", tensor.shape()},
                        {"data_offsets", {position, position + bytes}}}});
    position += bytes;
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const nlohmann::json::type_error&) {
    throw InvalidArgument("a tensor's name or the metadata is not valid UTF-8");
  }
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  const std::uint64_t length = text.size();
  if (length > kSafetensorsHeaderLimit) throw InvalidArgument("the metadata is too large for a safetensors header");
  std::string header(kLengthBytes, '\0');
  std::memcpy(header.data(), &length, kLengthBytes);
  return header + text;
}

// Hands the tensor's bytes as the file has them to `write`.
template <class Write>
void write_tensor(const SafetensorsFile& contents, const NamedTensor& item, const Write& write) {
  const auto narrowed = [&](auto number, const auto& narrow) {
    const auto from = item.second.data<float>();
    std::vector<decltype(number)> numbers(from.size());
    std::transform(from.begin(), from.end(), numbers.begin(), narrow);
    write(std::as_bytes(std::span(numbers)));
  };
  switch (stored_as(contents, item)) {
    case Stored::kHalf:
      return narrowed(std::uint16_t{}, half_of_float);
    case Stored::kBfloat:
      return narrowed(std::uint16_t{}, bfloat_of_float);
    case Stored::kByte:
      return narrowed(std::int8_t{}, [](float number) {
        return static_cast<std::int8_t>(std::nearbyint(std::clamp(number, -128.0f, 127.0f)));
      });
    case Stored::kAsIs:
      write(std::span<const std::byte>(item.second.raw(), item.second.bytes()));
  }
}

}  // namespace

SafetensorsFile read_safetensors(std::span<const std::byte> bytes, const std::string& name, NarrowNumbers narrow) {
  return read_all(MemorySource(bytes), name, narrow);
}

SafetensorsFile read_safetensors(const Files& files, const Files::Path& path, NarrowNumbers narrow) {
  return read_all(FileSource(files, path), path.string(), narrow);
}

SafetensorsHeader read_safetensors_header(const Files& files, const Files::Path& path) {
  return read_header(FileSource(files, path), path.string(), NarrowNumbers::kRefuse);
}

std::vector<std::byte> write_safetensors(const SafetensorsFile& contents) {
  const std::vector<const NamedTensor*> order = file_order(contents);
  const std::string header = written_header(contents, order);
  const auto header_bytes = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(header_bytes.begin(), header_bytes.end());
  for (const NamedTensor* item : order) {
    write_tensor(contents, *item,
                 [&](std::span<const std::byte> data) { bytes.insert(bytes.end(), data.begin(), data.end()); });
  }
  return bytes;
}

void save_safetensors(const Files& files, const Files::Path& path, const SafetensorsFile& contents) {
  const std::vector<const NamedTensor*> order = file_order(contents);
  const std::string header = written_header(contents, order);
  files.write_atomic(path, [&](OutputFile& file) {
    file.write(header);
    for (const NamedTensor* item : order) {
      write_tensor(contents, *item, [&](std::span<const std::byte> data) { file.write(data); });
    }
  });
}

}  // namespace longtake
