#include "flow/estimator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/library.h"
#include "flow/backend.h"
#include "longtake/error.h"

namespace longtake {

namespace {

using flow::Backend;

const Backend& backend() {
  static const auto give = reinterpret_cast<flow::BackendFunction>(
      symbol_of_library(flow::kBackendLibrary, flow::kBackendSymbol,
                        "optical flow is not to be had here, it needs longtake built with LONGTAKE_FLOW"));
  return *give();
}

void check_pictures(const Tensor& previous, const Tensor& next) {
  const Shape& shape = next.shape();
  const bool gray = next.dtype() == DType::kUint8 && shape.size() == 3 && shape[2] == 1 && next.count() > 0 &&
                    shape[0] <= 65535 && shape[1] <= 65535;
  if (!gray) {
    throw InvalidArgument(fmt::format("optical flow of a picture {} {}; uint8 [height, width, 1] is wanted",
                                      name_of(next.dtype()), to_string(shape)));
  }
  if (previous.dtype() != next.dtype() || previous.shape() != shape) {
    throw InvalidArgument(fmt::format("optical flow from a picture {} to one {}: they differ in size",
                                      to_string(previous.shape()), to_string(shape)));
  }
}

}  // namespace

struct FlowEstimator::Impl {
  explicit Impl(const std::string& name) : method(name) {
    estimator = backend().create(method.c_str(), {message.data(), message.size()});
    if (estimator == nullptr) throw Error(fmt::format("optical flow \"{}\": OpenCV: {}", method, message.data()));
  }
  ~Impl() { backend().destroy(estimator); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string method;
  std::array<char, 512> message{};
  void* estimator = nullptr;
};

FlowEstimator::FlowEstimator(const std::string& method) {
  if (std::find(kFlowMethods.begin(), kFlowMethods.end(), method) == kFlowMethods.end()) {
    throw InvalidArgument(
        fmt::format("optical flow by \"{}\"; the methods are {}", method, fmt::join(kFlowMethods, ", ")));
  }
  impl_ = std::make_unique<Impl>(method);
}

FlowEstimator::FlowEstimator(FlowEstimator&&) noexcept = default;
FlowEstimator& FlowEstimator::operator=(FlowEstimator&&) noexcept = default;
FlowEstimator::~FlowEstimator() = default;

void FlowEstimator::estimate(const Tensor& previous, const Tensor& next, Tensor& flow) {
  check_pictures(previous, next);
  const auto height = static_cast<std::int32_t>(next.size(0));
  const auto width = static_cast<std::int32_t>(next.size(1));
  flow.resize(DType::kFloat32, {2, height, width});
  const bool done =
      backend().estimate(impl_->estimator, previous.data<std::uint8_t>().data(), next.data<std::uint8_t>().data(),
                         height, width, flow.data<float>().data(), {impl_->message.data(), impl_->message.size()});
  if (!done) {
    throw InvalidArgument(fmt::format("optical flow \"{}\" of pictures of {} x {}: OpenCV: {}", impl_->method, width,
                                      height, impl_->message.data()));
  }
}

}  // namespace longtake
