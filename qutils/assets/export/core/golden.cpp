// The values of golden.h.  Written by qutils export.
#include "golden.h"

#include <cmath>

namespace $namespace {

$golden_arrays
}  // namespace $namespace
