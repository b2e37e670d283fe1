#include "base/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "longtake/error.h"

namespace longtake {
namespace {

constexpr std::string_view kMetadataName = "__metadata__";
// No tensor of ours has more; the format sets no limit, but a hostile header could fill the memory with sizes.
constexpr std::size_t kMaxRank = 32;
constexpr DType kDTypes[] = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kInt64, DType::kUint8};

// Names in messages are cut, so that a hostile file cannot make a message of megabytes.
std::string shown(const std::string& text) {
  constexpr std::size_t kShownLength = 80;
  return text.size() <= kShownLength ? text : text.substr(0, kShownLength) + "...";
}

// Follows the one shape of JSON that a header may have, event by event. No tree is built, so deep nesting, repeated
// keys and wrong types are found where they stand and cost no memory.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(const std::string& name, NarrowNumbers narrow) : name_(name), narrow_(narrow) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::kStart:
        return go(Place::kTop);
      case Place::kTopValue:
        fields_.clear();
        entry_ = {};
        if (key_ != kMetadataName) return go(Place::kEntry);
        has_metadata_ = true;
        return go(Place::kMetadata);
      default:
        unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::kEntry) {
      if (fields_.size() != 3) fail("lacks one of dtype, shape and data_offsets");
      header_.tensors.emplace(key_, std::move(entry_));
    }
    return go(place_ == Place::kTop ? Place::kEnd : Place::kTop);
  }

  bool key(std::string& text) override {
    switch (place_) {
      case Place::kTop:
        key_ = text;
        if (text.empty()) fail("has an empty name");
        if (header_.tensors.contains(text) || (text == kMetadataName && has_metadata_)) fail("is there twice");
        return go(Place::kTopValue);
      case Place::kMetadata:
        metadata_key_ = text;
        if (header_.metadata.contains(text)) fail(fmt::format("holds the key \"{}\" twice", shown(text)));
        return go(Place::kMetadataValue);
      default:
        if (!fields_.insert(text).second) fail(fmt::format("holds the key \"{}\" twice", shown(text)));
        if (text == "dtype") return go(Place::kDType);
        if (text == "shape") return go(Place::kShape);
        if (text == "data_offsets") return go(Place::kOffsets);
        fail(fmt::format("holds the unknown key \"{}\"", shown(text)));
    }
  }

  bool string(std::string& text) override {
    if (place_ == Place::kMetadataValue) {
      header_.metadata.emplace(metadata_key_, std::move(text));
      return go(Place::kMetadata);
    }
    if (place_ != Place::kDType) unexpected("a text");
    const auto* found = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                     [&](DType dtype) { return text == safetensors_name_of(dtype, Stored::kAsIs); });
    for (Stored stored : {Stored::kHalf, Stored::kBfloat, Stored::kByte}) {
      const auto least = stored == Stored::kByte ? NarrowNumbers::kWiden : NarrowNumbers::kWidenHalves;
      if (narrow_ < least || text != safetensors_name_of(DType::kFloat32, stored)) continue;
      entry_.dtype = DType::kFloat32;
      entry_.stored = stored;
      return go(Place::kEntry);
    }
    if (found == std::end(kDTypes)) {
      fail(fmt::format("has the dtype \"{}\", but only F32, F64, I32, I64 and U8 are known", shown(text)));
    }
    entry_.dtype = *found;
    return go(Place::kEntry);
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::kShape) return go(Place::kShapeSizes);
    if (place_ == Place::kOffsets) return go(Place::kOffsetNumbers);
    unexpected("an array");
  }

  bool end_array() override {
    if (place_ == Place::kOffsetNumbers) {
      if (offsets_.size() != 2) fail(fmt::format("has {} data_offsets, but it must have 2", offsets_.size()));
      entry_.begin = offsets_[0];
      entry_.end = offsets_[1];
      offsets_.clear();
    }
    return go(Place::kEntry);
  }

  bool number_unsigned(std::uint64_t number) override {
    if (place_ == Place::kShapeSizes) {
      if (!std::in_range<std::int64_t>(number)) fail("has a size of more than 63 bits");
      if (entry_.shape.size() == kMaxRank) fail(fmt::format("has more than {} dimensions", kMaxRank));
      entry_.shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (place_ != Place::kOffsetNumbers) unexpected("a number");
    if (offsets_.size() == 2) fail("has more than 2 data_offsets");
    offsets_.push_back(number);
    return true;
  }

  bool number_integer(std::int64_t) override { unexpected("a negative number"); }
  bool number_float(double, const std::string&) override { unexpected("a fraction or a number of more than 64 bits"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool null() override { unexpected("null"); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw BadData(fmt::format("{}: the header is not valid JSON at byte {}", name_, position));
  }

 private:
  enum class Place {
    kStart,
    kTop,
    kTopValue,
    kMetadata,
    kMetadataValue,
    kEntry,
    kDType,
    kShape,
    kShapeSizes,
    kOffsets,
    kOffsetNumbers,
    kEnd,
  };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  [[noreturn]] void fail(const std::string& problem) const {
    throw BadData(fmt::format("{}: tensor \"{}\" {}", name_, shown(key_), problem));
  }
  [[noreturn]] void unexpected(const char* what) const {
    throw BadData(
        fmt::format("{}: the header has {} in a wrong place, after the name \"{}\"", name_, what, shown(key_)));
  }

  const std::string& name_;
  NarrowNumbers narrow_;
  Place place_ = Place::kStart;
  std::string key_;
  std::string metadata_key_;
  SafetensorsEntry entry_;
  std::vector<std::uint64_t> offsets_;
  bool has_metadata_ = false;
  std::set<std::string> fields_;
  SafetensorsHeader header_;
};

// The bytes that shape and dtype ask for; BadData where they need more than 63 bits.
std::uint64_t bytes_of(const std::string& tensor, const SafetensorsEntry& entry, const std::string& name) {
  auto bytes = static_cast<std::int64_t>(stored_size(entry.dtype, entry.stored));
  for (const std::int64_t size : entry.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      throw BadData(fmt::format("{}: the size of tensor \"{}\" overflows", name, shown(tensor)));
    }
  }
  return static_cast<std::uint64_t>(bytes);
}

void check_offsets(const SafetensorsHeader& header, std::uint64_t data_bytes, const std::string& name) {
  std::vector<const std::pair<const std::string, SafetensorsEntry>*> ordered;
  for (const auto& entry : header.tensors) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t position = 0;
  for (const auto* item : ordered) {
    const auto& [tensor, entry] = *item;
    if (entry.begin != position) {
      throw BadData(fmt::format("{}: tensor \"{}\" begins at {}, but the one before it ends at {}: {}", name,
                                shown(tensor), entry.begin, position,
                                entry.begin < position ? "they overlap" : "there is a hole"));
    }
    if (entry.end < entry.begin) {
      throw BadData(fmt::format("{}: tensor \"{}\" ends before it begins", name, shown(tensor)));
    }
    const std::uint64_t wanted = bytes_of(tensor, entry, name);
    if (entry.end - entry.begin != wanted) {
      throw BadData(fmt::format("{}: tensor \"{}\" has {} bytes, but its shape and dtype ask for {}", name,
                                shown(tensor), entry.end - entry.begin, wanted));
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    throw BadData(fmt::format("{}: the tensors have {} bytes, but {} follow the header: {}", name, position, data_bytes,
                              position > data_bytes ? "the file is truncated" : "there is more than the tensors"));
  }
}

}  // namespace

std::size_t stored_size(DType dtype, Stored stored) {
  switch (stored) {
    case Stored::kAsIs:
      return size_of(dtype);
    case Stored::kHalf:
    case Stored::kBfloat:
      return 2;
    case Stored::kByte:
      return 1;
  }
  throw InvalidArgument("unknown way to store numbers");
}

const char* safetensors_name_of(DType dtype, Stored stored) {
  switch (stored) {
    case Stored::kAsIs:
      break;
    case Stored::kHalf:
      return "F16";
    case Stored::kBfloat:
      return "BF16";
    case Stored::kByte:
      return "I8";
  }
  switch (dtype) {
    case DType::kFloat32:
      return "F32";
    case DType::kFloat64:
      return "F64";
    case DType::kInt32:
      return "I32";
    case DType::kInt64:
      return "I64";
    case DType::kUint8:
      return "U8";
  }
  throw InvalidArgument("unknown dtype");
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& name,
                                           NarrowNumbers narrow) {
  if (!json.starts_with('{')) throw BadData(name + ": the header does not begin with '{'");
  // The JSON parser takes a NUL byte for the end of the text and would let anything follow it.
  if (json.find('\0') != std::string_view::npos) throw BadData(name + ": the header holds a NUL byte");
  HeaderReader reader(name, narrow);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  SafetensorsHeader header = reader.take();
  check_offsets(header, data_bytes, name);
  return header;
}

}  // namespace longtake
