// $title: the network as an array of bytes, and what a program must know about it.
// Written by qutils export from the file with the SHA-256
// $sha256.
#pragma once

#include <cstddef>
#include <cstdint>

namespace $namespace {

// The .tflite file.  It stays in flash; TFLite Micro reads it where it lies, aligned to 16 bytes.
constexpr std::size_t kModelSize = $model_bytes;
extern const unsigned char kModel[kModelSize];

// RAM for the tensors, in bytes: about $least_bytes at least, and a margin of $margin_bytes.
//   Head, $head_bytes: activations and the scratch memory of TFLite Micro's reference kernels at
//     their peak.  Exact.
//   Tail, about $tail_bytes: the interpreter's own structures.  Approximate, because it depends on
//     the compiler and on the release of the library.
//   Margin: a quarter of the least arena, at least 2048, for that and for the scratch memory that
//     optimized kernels (CMSIS-NN, ESP-NN) ask for on top, which is not modelled.
// Begin() prints how much the board uses: where RAM is short, lower this number to that.
constexpr std::size_t kTensorArenaSize = $arena_bytes;

// Inputs and outputs: real value = kScale * (q - kZeroPoint), where kQuantized is true.
$tensors
}  // namespace $namespace
