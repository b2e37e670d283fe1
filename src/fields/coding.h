// Between fields and the numbers that a model sees, as the input spec of its model file says.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fields/field.h"
#include "fields/units.h"
#include "longtake/input_spec.h"

namespace longtake::fields {

// Throws InvalidArgument for a spec that is none of fields, without a channel, with a channel whose low is not below
// its high, or a Z-R relation that is none.
void check_field_spec(const InputSpec& spec);

class FieldCoding {
 public:
  // Throws InvalidArgument as check_field_spec().
  explicit FieldCoding(const InputSpec& spec);

  std::int64_t channels() const { return spec_.channels(); }
  // The channels that are fields, without the validity.
  std::int64_t quantities() const { return static_cast<std::int64_t>(spec_.fields.size()); }

  // The field in the channel's unit. `source` is the Z-R relation of a field that changes between dBZ and a rain rate
  // on the way: its own to become a rate, the spec's to become dBZ again. Throws InvalidArgument for a unit that does
  // not convert.
  Field to_channel(Field field, std::int64_t channel, const ConversionOptions& source = {}) const;

  // One frame, [channels, height, width], from a field per quantity in its channel's unit. Missing cells are 0. Throws
  // InvalidArgument unless there is a field for each and all are of one size, and `out` fits.
  void encode(std::span<const Field> fields, std::span<float> out) const;

  // What the numbers of a channel mean, in the channel's unit.
  float decode(std::int64_t channel, float value) const;
  // The same as a rain rate in mm/h, for a channel in dBZ; one in another unit stays in it. The channel's low, and what
  // is below it, is no rain.
  float decode_rain(std::int64_t channel, float value) const;
  // The unit of decode_rain(): "mm/h" for dBZ.
  std::string rain_unit(std::int64_t channel) const;

 private:
  InputSpec spec_;
  ZRelation relation_;
};

}  // namespace longtake::fields
