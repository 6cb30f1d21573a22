// What a generated program uses of TFLite Micro, declared so that the code in the shared library of
// the Python package tflite-micro answers: the same names, and room for objects of unknown size.
// The operators are all those of that package.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflite {

struct Model;

// A FlatBuffer begins with the offset of its root table.
inline const Model* GetModel(const void* data) {
  const auto* bytes = static_cast<const char*>(data);
  return reinterpret_cast<const Model*>(bytes + *static_cast<const std::uint32_t*>(data));
}

class PythonOpsResolver {
 public:
  PythonOpsResolver();

 private:
  alignas(16) char room_[1 << 16];
};

namespace micro {

enum TfLiteStatus : int { kTfLiteOk = 0 };
enum TfLiteType : int { kTfLiteNoType = 0 };

// tensorflow/lite/core/c/common.h, with TF_LITE_STATIC_MEMORY.
struct TfLiteTensor {
  struct {
    int type;
    void* params;
  } quantization;
  struct {
    float scale;
    std::int32_t zero_point;
  } params;
  union {
    void* data;
  } data;
  void* dims;
  std::size_t bytes;
  TfLiteType type;
  int allocation_type;
  bool is_variable;
};

class MicroOpResolver {};

template <unsigned int tOpCount>
class MicroMutableOpResolver {
 public:
#define STUB_ADD(method) \
  TfLiteStatus method() { return kTfLiteOk; }
#include "resolver_methods.inc"
#undef STUB_ADD

  operator const MicroOpResolver&() const {
    return reinterpret_cast<const MicroOpResolver&>(every_operator_);
  }

 private:
  PythonOpsResolver every_operator_;
};

enum class MemoryPlannerType { kGreedy };

class MicroAllocator {
 public:
  static MicroAllocator* Create(std::uint8_t* tensor_arena, std::size_t arena_size,
                                MemoryPlannerType planner = MemoryPlannerType::kGreedy);
};

class MicroResourceVariables {
 public:
  static MicroResourceVariables* Create(MicroAllocator* allocator, int num_variables);
};

class MicroProfilerInterface;

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   std::uint8_t* tensor_arena, std::size_t tensor_arena_size,
                   MicroResourceVariables* resource_variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr, bool preserve_all_tensors = false);
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   MicroAllocator* allocator, MicroResourceVariables* resource_variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr);
  ~MicroInterpreter();

  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor* input(std::size_t index);
  TfLiteTensor* output(std::size_t index);
  // Inline in TFLite Micro, so the library does not hold it.
  std::size_t arena_used_bytes() const { return 0; }

 private:
  alignas(16) char room_[1 << 14];
};

}  // namespace micro

}  // namespace tflite
