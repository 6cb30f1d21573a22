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

# Operator -> (number in the union BuiltinOptions, its fields).  A field is
# name: (number, type, default); "padding" and "activation" are enums of one byte, "text" and
# "integers" are vectors.
_POOL_FIELDS: dict[str, tuple[int, str, Any]] = {
    "padding": (0, "padding", 0),
    "stride_w": (1, "int32", 0),
    "stride_h": (2, "int32", 0),
    "filter_w": (3, "int32", 0),
    "filter_h": (4, "int32", 0),
    "activation": (5, "activation", 0),
}
_REDUCER_FIELDS: dict[str, tuple[int, str, Any]] = {"keep_dims": (0, "bool", False)}
OPTION_FIELDS: dict[str, tuple[int, dict[str, tuple[int, str, Any]]]] = {
    "CONV_2D": (
        1,
        {
            "padding": (0, "padding", 0),
            "stride_w": (1, "int32", 0),
            "stride_h": (2, "int32", 0),
            "activation": (3, "activation", 0),
            "dilation_w": (4, "int32", 1),
            "dilation_h": (5, "int32", 1),
        },
    ),
    "DEPTHWISE_CONV_2D": (
        2,
        {
            "padding": (0, "padding", 0),
            "stride_w": (1, "int32", 0),
            "stride_h": (2, "int32", 0),
            "depth_multiplier": (3, "int32", 0),
            "activation": (4, "activation", 0),
            "dilation_w": (5, "int32", 1),
            "dilation_h": (6, "int32", 1),
        },
    ),
    "AVERAGE_POOL_2D": (5, _POOL_FIELDS),
    "MAX_POOL_2D": (5, _POOL_FIELDS),
    "SVDF": (6, {"rank": (0, "int32", 0), "activation": (1, "activation", 0)}),
    "FULLY_CONNECTED": (
        8,
        {
            "activation": (0, "activation", 0),
            "weights_format": (1, "int8", 0),
            "keep_num_dims": (2, "bool", False),
        },
    ),
    "SOFTMAX": (9, {"beta": (0, "float32", 0.0)}),
    "CONCATENATION": (10, {"axis": (0, "int32", 0), "activation": (1, "activation", 0)}),
    "ADD": (11, {"activation": (0, "activation", 0)}),
    "MUL": (21, {"activation": (0, "activation", 0)}),
    "SUB": (28, {"activation": (0, "activation", 0)}),
    "LEAKY_RELU": (75, {"alpha": (0, "float32", 0.0)}),
    "MEAN": (27, _REDUCER_FIELDS),
    "SUM": (27, _REDUCER_FIELDS),
    "SQUEEZE": (30, {"squeeze_dims": (0, "integers", ())}),
    "STRIDED_SLICE": (
        32,
        {
            "begin_mask": (0, "int32", 0),
            "end_mask": (1, "int32", 0),
            "ellipsis_mask": (2, "int32", 0),
            "new_axis_mask": (3, "int32", 0),
            "shrink_axis_mask": (4, "int32", 0),
        },
    ),
    "SPLIT": (35, {"num_splits": (0, "int32", 0)}),
    "TRANSPOSE_CONV": (
        49,
        {
            "padding": (0, "padding", 0),
            "stride_w": (1, "int32", 0),
            "stride_h": (2, "int32", 0),
            "activation": (3, "activation", 0),
        },
    ),
    "PACK": (59, {"values_count": (0, "int32", 0), "axis": (1, "int32", 0)}),
    "UNPACK": (64, {"num": (0, "int32", 0), "axis": (1, "int32", 0)}),
    "SPLIT_V": (79, {"num_splits": (0, "int32", 0)}),
    "CALL_ONCE": (103, {"init_subgraph_index": (0, "int32", 0)}),
    "VAR_HANDLE": (111, {"container": (0, "text", ""), "shared_name": (1, "text", "")}),
}
