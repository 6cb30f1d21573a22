// What a generated program uses of TFLite Micro, declared as there; the interpreter plays back a
// script ($STUB_SCRIPT) and writes down what it was given ($STUB_LOG).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

// Releases since autumn 2026 have their own names in tflite::micro.
#ifdef STUB_NEW_NAMES
#define STUB_OPEN namespace tflite { namespace micro {
#define STUB_CLOSE } }
#else
#define STUB_OPEN
#define STUB_CLOSE
#endif

namespace stub {

inline std::ifstream& Script() {
  static std::ifstream script(std::getenv("STUB_SCRIPT"));
  return script;
}

inline std::ofstream& Log() {
  static std::ofstream log(std::getenv("STUB_LOG"));
  return log;
}

template <typename T>
T Read() {
  T value;
  if (!(Script() >> value)) {
    std::cerr << "the script ends too early\n";
    std::exit(3);
  }
  return value;
}

inline void LogBytes(const char* what, const void* data, std::size_t size) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned byte = static_cast<const unsigned char*>(data)[i];
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  Log() << what << ' ' << text << '\n' << std::flush;
}

inline bool IsAligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % 16 == 0; }

}  // namespace stub

STUB_OPEN

typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;
typedef enum { kTfLiteNoType = 0, kTfLiteFloat32 = 1, kTfLiteInt8 = 9 } TfLiteType;
typedef union TfLitePtrUnion {
  void* data;
} TfLitePtrUnion;
typedef struct TfLiteTensor {
  TfLiteType type;
  TfLitePtrUnion data;
  std::size_t bytes;
} TfLiteTensor;

STUB_CLOSE

namespace tflite {

// tensorflow/lite/schema/schema_generated.h
struct Model {
  const void* data;
};

inline const Model* GetModel(const void* data) {
  static Model model;
  model.data = data;
  stub::Log() << "model_aligned " << stub::IsAligned(data) << '\n';
  stub::LogBytes("model", data, stub::Read<std::size_t>());
  return &model;
}

#ifdef STUB_NEW_NAMES
namespace micro {
#endif

// tensorflow/lite/micro/micro_op_resolver.h
class MicroOpResolver {};

// tensorflow/lite/micro/micro_mutable_op_resolver.h
template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  MicroMutableOpResolver() { stub::Log() << "operator_count " << tOpCount << '\n'; }
#define STUB_ADD(method)                                      \
  TfLiteStatus method() {                                     \
    stub::Log() << "operator " #method << '\n';               \
    return added_++ < tOpCount ? kTfLiteOk : kTfLiteError;    \
  }
#include "resolver_methods.inc"
#undef STUB_ADD

 private:
  unsigned int added_ = 0;
};

// tensorflow/lite/micro/micro_allocator.h
class MicroAllocator {
 public:
  static MicroAllocator* Create(std::uint8_t* tensor_arena, std::size_t arena_size) {
    static MicroAllocator allocator;
    stub::Log() << "arena " << arena_size << '\n';
    stub::Log() << "arena_aligned " << stub::IsAligned(tensor_arena) << '\n';
    // The whole of it is there to be written.
    for (std::size_t i = 0; i < arena_size; ++i) tensor_arena[i] = 0xA5;
    return &allocator;
  }
};

// tensorflow/lite/micro/micro_resource_variable.h
class MicroResourceVariables {
 public:
  static MicroResourceVariables* Create(MicroAllocator*, int num_variables) {
    static MicroResourceVariables variables;
    stub::Log() << "variables " << num_variables << '\n';
    return &variables;
  }
};

// tensorflow/lite/micro/micro_profiler_interface.h
class MicroProfilerInterface;

// tensorflow/lite/micro/micro_interpreter.h
class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   std::uint8_t* tensor_arena, std::size_t tensor_arena_size,
                   MicroResourceVariables* resource_variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr, bool preserve_all_tensors = false)
      : MicroInterpreter(model, op_resolver,
                         MicroAllocator::Create(tensor_arena, tensor_arena_size),
                         resource_variables, profiler) {
    (void)preserve_all_tensors;
  }
  MicroInterpreter(const Model*, const MicroOpResolver&, MicroAllocator*,
                   MicroResourceVariables* = nullptr, MicroProfilerInterface* = nullptr) {}

  TfLiteStatus AllocateTensors() {
    if (stub::Read<std::string>() != "ok") return kTfLiteError;
    ReadTensors(&inputs_);
    ReadTensors(&outputs_);
    return kTfLiteOk;
  }

  TfLiteStatus Invoke() {
    for (auto& tensor : inputs_) stub::LogBytes("input", tensor.tensor.data.data, tensor.tensor.bytes);
    if (stub::Read<std::string>() != "ok") return kTfLiteError;
    // Inputs share memory with what is computed later.
    for (auto& tensor : inputs_) {
      for (std::size_t i = 0; i < tensor.tensor.bytes; ++i) tensor.storage[i] = 0x5A;
    }
    for (auto& tensor : outputs_) {
      for (std::size_t i = 0; i < tensor.tensor.bytes; ++i) {
        tensor.storage[i] = static_cast<unsigned char>(stub::Read<int>());
      }
    }
    return kTfLiteOk;
  }

  TfLiteTensor* input(std::size_t index) { return At(&inputs_, index); }
  TfLiteTensor* output(std::size_t index) { return At(&outputs_, index); }
  std::size_t arena_used_bytes() const { return 1234; }

 private:
  struct Stored {
    TfLiteTensor tensor;
    std::unique_ptr<unsigned char[]> storage;
  };

  static void ReadTensors(std::vector<Stored>* tensors) {
    tensors->resize(stub::Read<std::size_t>());
    for (auto& stored : *tensors) {
      stored.tensor.type = static_cast<TfLiteType>(stub::Read<int>());
      stored.tensor.bytes = stub::Read<std::size_t>();
      stored.storage = std::make_unique<unsigned char[]>(stored.tensor.bytes);
      stored.tensor.data.data = stored.storage.get();
    }
  }

  static TfLiteTensor* At(std::vector<Stored>* tensors, std::size_t index) {
    return index < tensors->size() ? &(*tensors)[index].tensor : nullptr;
  }

  std::vector<Stored> inputs_;
  std::vector<Stored> outputs_;
};

#ifdef STUB_NEW_NAMES
}  // namespace micro
#endif

}  // namespace tflite
