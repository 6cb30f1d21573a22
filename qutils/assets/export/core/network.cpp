// The network in TFLite Micro, its self-check and an example.  Written by qutils export.
$library_include#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include <cstring>

#include "golden.h"
#include "network.h"

// TFLite Micro's names stand in tflite, in releases since autumn 2026 in tflite::micro.
namespace tflite {
namespace micro {}
}  // namespace tflite

namespace $namespace {

using namespace tflite;
using namespace tflite::micro;

namespace {

alignas(16) std::uint8_t arena[kTensorArenaSize];
MicroInterpreter* interpreter = nullptr;

// kTfLiteOk is 0.
template <typename Status>
bool Ok(Status status) {
  return static_cast<int>(status) == 0;
}

template <typename Expected, typename Tensor>
bool Matches(const char* kind, int index, const Tensor* tensor) {
  if (tensor != nullptr && static_cast<int>(tensor->type) == Expected::kTfLiteType &&
      tensor->bytes == Expected::kSize * sizeof(typename Expected::Type)) {
    return true;
  }
  PrintText("FAIL: type or size of ");
  PrintText(kind);
  PrintNumber(index);
  PrintText(" is not that of model.h\n");
  return false;
}

// Integers must be equal.  Real numbers may differ where the board sums in another order or has
// another exp(): by a ten-thousandth of the value, or of 1 where the value is small.
template <typename Type>
bool Same(Type expected, Type got) {
  return expected == got;
}
inline bool Same(float expected, float got) {
  if (std::isnan(expected) || std::isinf(expected)) {
    return expected == got || (std::isnan(expected) && std::isnan(got));
  }
  return std::fabs(expected - got) <= 1e-4F * (1.0F + std::fabs(expected));
}

struct Comparison {
  std::size_t elements = 0;
  std::size_t differing = 0;
  double largest = 0.0;
};

template <typename Tensor>
void Compare(std::size_t run, int index, const typename Tensor::Type* expected,
             Comparison* comparison) {
  const auto* got = static_cast<const typename Tensor::Type*>(Output(index));
  for (std::size_t i = 0; i < Tensor::kSize; ++i) {
    ++comparison->elements;
    if (Same(expected[i], got[i])) continue;
    const double difference =
        std::fabs(static_cast<double>(expected[i]) - static_cast<double>(got[i]));
    if (difference > comparison->largest) comparison->largest = difference;
    if (comparison->differing++ > 0) continue;
    PrintText("FAIL: run ");
    PrintNumber(static_cast<double>(run));
    PrintText(", output ");
    PrintNumber(index);
    PrintText(", element ");
    PrintNumber(static_cast<double>(i));
    PrintText(": expected ");
    PrintNumber(static_cast<double>(expected[i]));
    PrintText(", got ");
    PrintNumber(static_cast<double>(got[i]));
    PrintText("\n");
  }
}

template <typename Tensor>
void Fill(int index, float value) {
  auto* values = static_cast<typename Tensor::Type*>(Input(index));
  for (std::size_t i = 0; i < Tensor::kSize; ++i) values[i] = Quantize<Tensor>(value);
}

template <typename Tensor>
void PrintOutput(int index) {
  const auto* values = static_cast<const typename Tensor::Type*>(Output(index));
  PrintText("Output ");
  PrintNumber(index);
  PrintText(" for inputs of 0:");
  for (std::size_t i = 0; i < Tensor::kSize && i < 16; ++i) {
    PrintText(" ");
    PrintNumber(static_cast<double>(Dequantize<Tensor>(values[i])));
  }
  PrintText(Tensor::kSize > 16 ? " ...\n" : "\n");
}

}  // namespace

void* Input(int index) { return interpreter->input(static_cast<std::size_t>(index))->data.data; }

const void* Output(int index) {
  return interpreter->output(static_cast<std::size_t>(index))->data.data;
}

bool Invoke() { return Ok(interpreter->Invoke()); }

bool Begin() {
  // Exactly the operators of this network: the linker leaves all other kernels out.
  static MicroMutableOpResolver<$operator_count> resolver;
$add_operators
$interpreter
  interpreter = &built;

  if (!Ok(interpreter->AllocateTensors())) {
    PrintText("FAIL: AllocateTensors; if the arena is too small, ");
    PrintText("raise kTensorArenaSize in model.h\n");
    return false;
  }
  bool matches = true;
$match_tensors  if (!matches) return false;

  PrintText("Arena: ");
  PrintNumber(static_cast<double>(interpreter->arena_used_bytes()));
  PrintText(" of ");
  PrintNumber(static_cast<double>(kTensorArenaSize));
  PrintText(" bytes used\n");
  return true;
}

bool SelfCheck() {
  Comparison comparison;
  for (std::size_t run = 0; run < kGoldenRuns; ++run) {
$copy_inputs    if (!Invoke()) {
      PrintText("FAIL: Invoke\n");
      return false;
    }
$compare_outputs  }
  if (comparison.differing == 0) {
    PrintText("PASS: ");
    PrintNumber(static_cast<double>(comparison.elements));
    PrintText(" output elements are as computed by qutils\n");
    return true;
  }
  PrintText("FAIL: ");
  PrintNumber(static_cast<double>(comparison.differing));
  PrintText(" of ");
  PrintNumber(static_cast<double>(comparison.elements));
  PrintText(" output elements differ, by at most ");
  PrintNumber(comparison.largest);
  PrintText("\n");
  return false;
}

bool Example() {
$fill_inputs  if (!Invoke()) return false;
$print_outputs  return true;
}

}  // namespace $namespace
