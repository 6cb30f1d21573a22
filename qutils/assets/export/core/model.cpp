// $title as an array: $model_bytes bytes.  Written by qutils export.
#include "model.h"

namespace $namespace {

alignas(16) const unsigned char kModel[kModelSize] = {
$model_array};

}  // namespace $namespace
