// How alike predicted and true pictures look: the measures of video prediction (specs 13.4), one number for a frame.
// Put them into LeadMeans, or let ImageQuality do it, for the mean over frames by lead time. Values are taken as they
// are; a protocol that clips predictions to [0, 1] first (OpenSTL) does so before. All throw InvalidArgument as
// check_pair().
#pragma once

#include <cstdint>
#include <optional>

#include "metrics/field_pair.h"
#include "metrics/lead_means.h"

namespace longtake {

// PSNR in decibels, 10 log10(range^2 / MSE) over the cells that count. `range` is the largest difference that pictures
// can have: 1 for [0, 1], 255 for bytes; InvalidArgument unless it is finite and above 0. Nothing when no cell counts,
// or when the frames are equal and it would be infinite.
std::optional<double> peak_signal_to_noise_ratio(const FieldPair& pair, double range);

// Which windows structural_similarity() looks through. Their numbers differ, so say which.
enum class SimilarityWindow : std::uint8_t {
  // 11x11, Gaussian of sigma 1.5; variances weighted by it (Wang et al. 2004; in scikit-image gaussian_weights=True,
  // use_sample_covariance=False).
  kGaussian,
  // 7x7, all cells alike; variances divided by 49 - 1 (scikit-image as it is, and so OpenSTL).
  kUniform,
};

struct SimilarityOptions {
  SimilarityWindow window = SimilarityWindow::kGaussian;
  double k1 = 0.01;
  double k2 = 0.03;

  friend bool operator==(const SimilarityOptions&, const SimilarityOptions&) = default;
};

// SSIM (Wang et al. 2004, equation 13): the mean over all windows that lie in the frame, whole, and without a missing
// cell; nothing when there are none such. 1 for equal frames. `range` as for peak_signal_to_noise_ratio(). Throws
// InvalidArgument when the frame is smaller than the window, or a constant is not above 0.
std::optional<double> structural_similarity(const FieldPair& pair, double range, const SimilarityOptions& options = {});

// GDL, the gradient difference, summed over the frame: | |df| - |dt| | over all neighbours, vertical and horizontal, of
// which both count, df and dt being the differences of the two in forecast and truth (HKO-7's get_GDL; Mathieu et al.
// 2016 with alpha 1). Nothing when there are no such neighbours.
std::optional<double> gradient_difference(const FieldPair& pair);

// The binary cross-entropy summed over the cells that count, -sum t log f + (1 - t) log(1 - f), in nats (1506.04214).
// Its number for moving digits is LeadMeans::sum_over_leads() of this. Truth is in [0, 1] and need not be 0 or 1.
// Logarithms are at least -100, as in PyTorch, so that a sure and wrong forecast costs 100. Nothing when no cell
// counts. Throws InvalidArgument when a value that counts is not in [0, 1].
std::optional<double> cross_entropy(const FieldPair& pair);

// The means by lead of what any picture has. A value with merge(), see LeadMeans.
class ImageQuality {
 public:
  ImageQuality(std::int64_t leads, double range, const SimilarityOptions& options = {});

  void add(std::int64_t lead, const FieldPair& pair);
  // Throws InvalidArgument when leads, range or options differ.
  void merge(const ImageQuality& other);

  // Over the frames that are not equal to truth; the others are its left_out(), with those of which no cell counts.
  const LeadMeans& peak_signal_to_noise() const { return signal_to_noise_; }
  const LeadMeans& similarity() const { return similarity_; }
  const LeadMeans& gradients() const { return gradients_; }

  friend bool operator==(const ImageQuality&, const ImageQuality&) = default;

 private:
  double range_;
  SimilarityOptions options_;
  LeadMeans signal_to_noise_;
  LeadMeans similarity_;
  LeadMeans gradients_;
};

}  // namespace longtake
