// The network as a program uses it: Begin() once, then write the inputs, Invoke(), read the
// outputs.  Written by qutils export.
#pragma once

#include <cmath>
#include <limits>

#include "model.h"

namespace $namespace {

// Where text and numbers go.  The main program defines both.
void PrintText(const char* text);
void PrintNumber(double value);

// Builds the interpreter and checks that its tensors are those of model.h.  On failure it prints
// what is wrong and returns false; nothing else may be called then.
bool Begin();

// Runs the golden inputs and compares every output: prints PASS, or FAIL with the first element
// that differs, what was expected and what came.  Call it right after Begin(): a network with
// state must not have run before.
bool SelfCheck();

// One inference as an application does it, with all inputs at the real value 0: prints the outputs.
bool Example();

// The values of input or output number `index`, in the arena.  Inputs do not survive Invoke().
void* Input(int index);
const void* Output(int index);

// Runs the network once.
bool Invoke();

// Real number -> what the tensor stores: rounded half away from zero, saturated at the ends.
template <typename Tensor>
typename Tensor::Type Quantize(float value) {
  using Type = typename Tensor::Type;
  if (!Tensor::kQuantized) return static_cast<Type>(value);
  constexpr Type kLowest = std::numeric_limits<Type>::lowest();
  constexpr Type kHighest = (std::numeric_limits<Type>::max)();
  const float steps = value / Tensor::kScale;
  const float zero_point = static_cast<float>(Tensor::kZeroPoint);
  if (steps <= static_cast<float>(kLowest) - zero_point) return kLowest;
  if (steps >= static_cast<float>(kHighest) - zero_point) return kHighest;
  return static_cast<Type>(std::lround(steps) + Tensor::kZeroPoint);
}

// What the tensor stores -> real number.
template <typename Tensor>
float Dequantize(typename Tensor::Type stored) {
  const float value = static_cast<float>(stored);
  if (!Tensor::kQuantized) return value;
  return Tensor::kScale * (value - static_cast<float>(Tensor::kZeroPoint));
}

}  // namespace $namespace
