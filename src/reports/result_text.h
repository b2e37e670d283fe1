// What the writers of results share. Private to reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::reports {

// The shortest decimal that reads back as the same number; "null" for what is none.
std::string number_text(float value);
std::string number_text(double value);

// A JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// The class with the highest score, the first among equals; none where there is no score or one is no number.
std::optional<std::int64_t> leader_of(std::span<const float> scores);

// Throws InvalidArgument unless `label` is the index of one of `labels`.
const std::string& label_at(const std::vector<std::string>& labels, std::int64_t label);
// Throws InvalidArgument unless there are no scores or one per label.
void check_scores(const std::vector<std::string>& labels, std::span<const float> scores, std::string_view source);

}  // namespace longtake::reports
