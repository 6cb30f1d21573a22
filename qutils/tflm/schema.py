"""Names and field numbers of the public TFLite schema (``tflite/schema.fbs``, version 3)."""

from typing import Any

_TYPE_NAMES = """
    FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128
    UINT64 RESOURCE VARIANT UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4
"""
TYPE_NAMES = tuple(_TYPE_NAMES.split())

PADDINGS = ("SAME", "VALID")

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")

_OPERATOR_NAMES = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
    LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
    RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS
    SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT
    LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG
    PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE
    EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD
    REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV
    REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU
    SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE
    RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D
    IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
    CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS
    RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE
    RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT
"""
OPERATOR_NAMES = tuple(_OPERATOR_NAMES.split())

# Type and default of the fields that are not int32 and 0; "padding" and "activation" are enums of
# one byte, "text" and "integers" are vectors.
_FIELDS: dict[str, tuple[str, Any]] = {
    "padding": ("padding", 0),
    "activation": ("activation", 0),
    "dilation_w": ("int32", 1),
    "dilation_h": ("int32", 1),
    "weights_format": ("int8", 0),
    "keep_num_dims": ("bool", False),
    "keep_dims": ("bool", False),
    "beta": ("float32", 0.0),
    "alpha": ("float32", 0.0),
    "squeeze_dims": ("integers", ()),
    "container": ("text", ""),
    "shared_name": ("text", ""),
}

# Operator, its number in the union BuiltinOptions, its fields in the order of their numbers.
_OPTIONS = """
    CONV_2D 1 padding stride_w stride_h activation dilation_w dilation_h
    DEPTHWISE_CONV_2D 2 padding stride_w stride_h depth_multiplier activation dilation_w dilation_h
    AVERAGE_POOL_2D 5 padding stride_w stride_h filter_w filter_h activation
    MAX_POOL_2D 5 padding stride_w stride_h filter_w filter_h activation
    SVDF 6 rank activation
    FULLY_CONNECTED 8 activation weights_format keep_num_dims
    SOFTMAX 9 beta
    CONCATENATION 10 axis activation
    ADD 11 activation
    MUL 21 activation
    MEAN 27 keep_dims
    SUM 27 keep_dims
    SUB 28 activation
    SQUEEZE 30 squeeze_dims
    STRIDED_SLICE 32 begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask
    SPLIT 35 num_splits
    TRANSPOSE_CONV 49 padding stride_w stride_h activation
    PACK 59 values_count axis
    UNPACK 64 num axis
    LEAKY_RELU 75 alpha
    SPLIT_V 79 num_splits
    CALL_ONCE 103 init_subgraph_index
    VAR_HANDLE 111 container shared_name
"""
# Operator -> (number in the union, field -> (its number, type, default)).
OPTION_FIELDS: dict[str, tuple[int, dict[str, tuple[int, str, Any]]]] = {}
for _line in _OPTIONS.strip().splitlines():
    _operator, _number, *_fields = _line.split()
    OPTION_FIELDS[_operator] = (
        int(_number),
        {
            field: (position, *_FIELDS.get(field, ("int32", 0)))
            for position, field in enumerate(_fields)
        },
    )
