// The parts of LibTorch that this module uses, and its precompiled header. Private to training/ and its tests: reading
// it takes ten seconds, so headers that other modules include must not include this one.
#pragma once

#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>
