// Sums for lead_means.h.
#include "metrics/lead_means.h"

#include <fmt/format.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake {

std::size_t lead_index(std::int64_t lead, std::int64_t leads) {
  if (lead < 0 || lead >= leads) {
    throw InvalidArgument(fmt::format("lead {} is not one of the {} leads 0 to {}", lead, leads, leads - 1));
  }
  return static_cast<std::size_t>(lead);
}

std::optional<double> mean_of_present(std::span<const std::optional<double>> values) {
  double sum = 0;
  std::int64_t present = 0;
  for (const std::optional<double>& value : values) {
    if (!value) continue;
    sum += *value;
    ++present;
  }
  if (present == 0) return std::nullopt;
  return sum / static_cast<double>(present);
}

LeadMeans::LeadMeans(std::int64_t leads) {
  if (leads < 1) throw InvalidArgument(fmt::format("a forecast of {} leads; at least 1 is wanted", leads));
  sums_.resize(static_cast<std::size_t>(leads));
}

void LeadMeans::add(std::int64_t lead, std::optional<double> value) {
  if (value) {
    add_sum(lead, *value, 1);
  } else {
    ++sums_[lead_index(lead, leads())].left_out;
  }
}

void LeadMeans::add_sum(std::int64_t lead, double sum, std::int64_t cases) {
  Sum& to = sums_[lead_index(lead, leads())];
  if (!std::isfinite(sum)) throw InvalidArgument(fmt::format("the value {} of lead {} has no mean", sum, lead));
  if (cases < 0) throw InvalidArgument(fmt::format("{} cases of lead {}; at least 0 are wanted", cases, lead));
  to.sum += sum;
  to.cases += cases;
}

void LeadMeans::merge(const LeadMeans& other) {
  if (other.leads() != leads()) {
    throw InvalidArgument(fmt::format("means of {} and {} leads cannot be merged", leads(), other.leads()));
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i].sum += other.sums_[i].sum;
    sums_[i].cases += other.sums_[i].cases;
    sums_[i].left_out += other.sums_[i].left_out;
  }
}

std::int64_t LeadMeans::cases(std::int64_t lead) const { return at(lead).cases; }

std::int64_t LeadMeans::left_out(std::int64_t lead) const { return at(lead).left_out; }

std::optional<double> LeadMeans::mean(std::int64_t lead) const {
  const Sum& of = at(lead);
  if (of.cases == 0) return std::nullopt;
  return of.sum / static_cast<double>(of.cases);
}

std::vector<std::optional<double>> LeadMeans::means() const {
  std::vector<std::optional<double>> means;
  for (std::int64_t lead = 0; lead < leads(); ++lead) means.push_back(mean(lead));
  return means;
}

std::optional<double> LeadMeans::mean_over_leads() const { return mean_of_present(means()); }

std::optional<double> LeadMeans::sum_over_leads() const {
  double sum = 0;
  for (const std::optional<double>& mean : means()) {
    if (!mean) return std::nullopt;
    sum += *mean;
  }
  return sum;
}

}  // namespace longtake
