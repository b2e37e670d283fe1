#include "fields/coding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake::fields {

namespace {

bool is_reflectivity(const std::string& unit) { return unit == "dBZ"; }

}  // namespace

void check_field_spec(const InputSpec& spec) {
  if (!spec.has_fields()) throw InvalidArgument(fmt::format("an input of kind \"{}\" has no fields", spec.kind));
  if (spec.fields.empty()) throw InvalidArgument("an input of fields needs at least one");
  for (const FieldChannel& field : spec.fields) {
    if (std::isfinite(field.low) && std::isfinite(field.high) && field.low < field.high) continue;
    throw InvalidArgument(fmt::format("the field '{}' goes from {} to {}; low must be below high", field.variable,
                                      field.low, field.high));
  }
  if (!(spec.z_a > 0 && spec.z_b > 0)) throw InvalidArgument("Z = a R^b needs a and b above 0");
}

FieldCoding::FieldCoding(const InputSpec& spec) : spec_(spec), relation_{spec.z_a, spec.z_b} { check_field_spec(spec); }

Field FieldCoding::to_channel(Field field, std::int64_t channel, const ConversionOptions& source) const {
  const FieldChannel& wanted = spec_.fields.at(static_cast<std::size_t>(channel));
  if (!is_reflectivity(wanted.unit)) return convert(std::move(field), wanted.unit, source);
  ConversionOptions own = source;
  own.relation = relation_;
  own.no_rain_dbz = std::min(source.no_rain_dbz, wanted.low);
  return convert(convert(std::move(field), "mm/h", source), wanted.unit, own);
}

void FieldCoding::encode(std::span<const Field> fields, std::span<float> out) const {
  if (fields.size() != spec_.fields.size()) {
    throw InvalidArgument(fmt::format("{} fields were given for {} channels", fields.size(), spec_.fields.size()));
  }
  const std::size_t area = fields[0].count();
  for (const Field& field : fields) check_same_size(fields[0], field);
  if (out.size() != area * static_cast<std::size_t>(channels())) {
    throw InvalidArgument(
        fmt::format("a frame of {} numbers was given for {}", out.size(), area * static_cast<std::size_t>(channels())));
  }
  for (std::size_t c = 0; c < fields.size(); ++c) {
    const double low = spec_.fields[c].low, scale = 1 / (spec_.fields[c].high - low);
    for (std::size_t i = 0; i < area; ++i) {
      const double share = fields[c].valid[i] != 0 ? (fields[c].values[i] - low) * scale : 0;
      out[c * area + i] = static_cast<float>(std::clamp(share, 0.0, 1.0));
    }
  }
  if (!spec_.validity) return;
  for (std::size_t i = 0; i < area; ++i) out[fields.size() * area + i] = fields[0].valid[i];
}

float FieldCoding::decode(std::int64_t channel, float value) const {
  const FieldChannel& field = spec_.fields.at(static_cast<std::size_t>(channel));
  return static_cast<float>(field.low + static_cast<double>(value) * (field.high - field.low));
}

float FieldCoding::decode_rain(std::int64_t channel, float value) const {
  const FieldChannel& field = spec_.fields.at(static_cast<std::size_t>(channel));
  const float decoded = decode(channel, value);
  return is_reflectivity(field.unit) ? static_cast<float>(rain_rate(decoded, relation_, field.low)) : decoded;
}

std::string FieldCoding::rain_unit(std::int64_t channel) const {
  const std::string& unit = spec_.fields.at(static_cast<std::size_t>(channel)).unit;
  return is_reflectivity(unit) ? "mm/h" : unit;
}

}  // namespace longtake::fields
