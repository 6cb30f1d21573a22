// Inputs for the self-check, and the outputs that qutils computed for them with the arithmetic of
// TFLite Micro's reference kernels.  Written by qutils export with seed $seed.
#pragma once

#include "model.h"

namespace $namespace {

// The runs follow each other: a network with state carries it from one to the next.
constexpr std::size_t kGoldenRuns = $runs;

$golden_declarations
}  // namespace $namespace
