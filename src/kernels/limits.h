// What a kernel does with its outputs last: relu, clip, or nothing.
#pragma once

namespace longtake::kernels {

// y = min(max(y, low), high); what is not a number stays so.
struct Limits {
  float low = -__builtin_inff();
  float high = __builtin_inff();

  float operator()(float y) const {
    const float raised = y < low ? low : y;
    return raised > high ? high : raised;
  }
};

}  // namespace longtake::kernels
