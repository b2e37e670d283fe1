// Means by lead time, of any measure of a frame: lead 0 is the first frame that was forecast. What has no cases is
// missing (nullopt), never 0 or NaN, and what is missing does not spoil a mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace longtake {

// `lead` as an index. Throws InvalidArgument when it is not in [0, leads).
std::size_t lead_index(std::int64_t lead, std::int64_t leads);

// The mean of the values that are there; nothing when none is.
std::optional<double> mean_of_present(std::span<const std::optional<double>> values);

// Sums and cases by lead. A value: a shard fills its own, and merge() gives what one would have that had seen all (up
// to the rounding of sums in double precision).
class LeadMeans {
 public:
  // Throws InvalidArgument on less than 1 lead.
  explicit LeadMeans(std::int64_t leads);

  // The value of one frame. A frame without one is counted as left out.
  void add(std::int64_t lead, std::optional<double> value);
  // The sum over several cases, such as the cells of a frame. Throws InvalidArgument when it is not finite or there are
  // less than 0 cases, as all of these do on a lead that there is not.
  void add_sum(std::int64_t lead, double sum, std::int64_t cases);
  // Throws InvalidArgument when the numbers of leads differ.
  void merge(const LeadMeans& other);

  std::int64_t leads() const { return static_cast<std::int64_t>(sums_.size()); }
  std::int64_t cases(std::int64_t lead) const;
  std::int64_t left_out(std::int64_t lead) const;
  std::optional<double> mean(std::int64_t lead) const;
  // The mean of the means of the leads that have cases, in which every such lead counts the same.
  std::optional<double> mean_over_leads() const;
  // Of a whole forecast, for what is summed over its frames; nothing unless every lead has cases.
  std::optional<double> sum_over_leads() const;

  friend bool operator==(const LeadMeans&, const LeadMeans&) = default;

 private:
  struct Sum {
    double sum = 0;
    std::int64_t cases = 0;
    std::int64_t left_out = 0;
    friend bool operator==(const Sum&, const Sum&) = default;
  };

  const Sum& at(std::int64_t lead) const { return sums_[lead_index(lead, leads())]; }
  std::vector<std::optional<double>> means() const;

  std::vector<Sum> sums_;
};

}  // namespace longtake
