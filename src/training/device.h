// Where LibTorch computes and with how many threads. Free of LibTorch.
#pragma once

#include <string>

namespace longtake::training {

// Sets LibTorch up for the whole process: `threads` for one operation (0: as many as the machine has cores), and on
// CUDA only algorithms that give the same bytes every time. The process then keeps what memory it has had. Call it
// once, before anything is computed: with the same seed and the same number of threads, the same machine then gives the
// same bytes. Throws InvalidArgument for a negative number.
void configure_torch(int threads, const std::string& device);

// Throws ConfigError unless `device` is "cpu", "cuda" or "cuda:<number>", and Unsupported when this LibTorch or this
// machine does not have it, saying what there is.
void check_device(const std::string& device);

// "LibTorch 1.13.1, 2 threads", for logs and provenance.
std::string describe_torch();

}  // namespace longtake::training
