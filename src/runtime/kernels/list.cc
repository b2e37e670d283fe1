// Which kernels there are for each op, best first.
#include <map>
#include <string_view>

#include "runtime/kernels/reference.h"

namespace longtake::runtime {

std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) { return make_reference_kernel(request); }

}  // namespace longtake::runtime
