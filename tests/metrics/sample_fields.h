// Fields that are made by a rule, so that other programs can make the same ones.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "metrics/field_pair.h"

namespace longtake {

// A FieldPair that owns its values.
struct SampleFields {
  std::vector<float> forecast;
  std::vector<float> truth;
  std::int64_t height = 1;
  std::int64_t width = 0;
  std::vector<std::uint8_t> valid;

  FieldPair pair() const {
    return {.forecast = forecast, .truth = truth, .height = height, .width = width, .valid = valid};
  }
};

// One row of cells.
inline SampleFields sample_row(std::vector<float> forecast, std::vector<float> truth,
                               std::vector<std::uint8_t> valid = {}) {
  const auto width = static_cast<std::int64_t>(truth.size());
  return {std::move(forecast), std::move(truth), 1, width, std::move(valid)};
}

// In row r and column c: (a r + b c + m r c) modulo `range`, over `range`.
inline std::vector<float> sample_pattern(std::int64_t height, std::int64_t width, std::int64_t a, std::int64_t b,
                                         std::int64_t m, std::int64_t range) {
  std::vector<float> values;
  for (std::int64_t r = 0; r < height; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      const auto remainder = static_cast<double>((a * r + b * c + m * r * c) % range);
      values.push_back(static_cast<float>(remainder / static_cast<double>(range)));
    }
  }
  return values;
}

inline std::vector<float> sample_truth() { return sample_pattern(16, 19, 37, 11, 3, 101); }

// 16 x 19 cells, the forecast having nothing to do with the truth.
inline SampleFields unlike_fields() { return {sample_pattern(16, 19, 5, 29, 7, 103), sample_truth(), 16, 19, {}}; }

// The same with three quarters of the truth in the forecast.
inline SampleFields like_fields() {
  SampleFields fields = unlike_fields();
  for (std::size_t i = 0; i < fields.truth.size(); ++i) {
    const float of_truth = 0.75F * fields.truth[i], of_other = 0.25F * fields.forecast[i];
    fields.forecast[i] = of_truth + of_other;
  }
  return fields;
}

// 261 of the 16 x 19 cells.
inline std::vector<std::uint8_t> sample_mask() {
  std::vector<std::uint8_t> valid;
  for (int r = 0; r < 16; ++r) {
    for (int c = 0; c < 19; ++c) valid.push_back((3 * r + 5 * c) % 7 != 0 ? 1 : 0);
  }
  return valid;
}

}  // namespace longtake
