"""Files whose weights really are int4, made with ai-edge-quantizer."""

import numpy as np

from qutils._keras import quiet
from qutils.affine import quantize
from qutils.integers import pack_int4
from qutils.network import Network
from qutils.weight_rounding import weight_params

WEIGHT_BITS, ACTIVATION_BITS = 4, 8


def int4_file(
    content: bytes, samples: np.ndarray, algorithm: str = "MIN_MAX_UNIFORM_QUANT"
) -> bytes:
    """Quantize a float32 ``.tflite`` file: convolutions and dense layers to int4 per channel.

    Depthwise kernels get 8 bits: the package's policy has no int4 for them.

    Parameters
    ----------
    content
        The float32 file, of one input.
    samples
        float32 (N, ...): inputs that calibrate the activations, to int8.
    algorithm
        A name of the package's ``AlgorithmName``: how int4 weights are chosen.
    """
    with quiet():
        from ai_edge_litert.interpreter import Interpreter
        from ai_edge_quantizer import quantizer
        from ai_edge_quantizer.algorithm_manager import AlgorithmName
        from ai_edge_quantizer.qtyping import TFLOperationName as Op

        ((name, signature),) = Interpreter(model_content=content).get_signature_list().items()
        (source,) = signature["inputs"]
        recipe = quantizer.Quantizer(content)
        recipe.add_static_config(".*", Op.ALL_SUPPORTED, ACTIVATION_BITS, 8)
        for operation in (Op.CONV_2D, Op.FULLY_CONNECTED):
            recipe.add_static_config(
                ".*",
                operation,
                ACTIVATION_BITS,
                WEIGHT_BITS,
                algorithm_key=AlgorithmName[algorithm],
            )
        inputs = [{source: sample[np.newaxis]} for sample in samples]
        return bytes(recipe.quantize(recipe.calibrate({name: inputs})).quantized_model)


def with_rounding(content: bytes, network: Network, rounded: Network) -> bytes:
    """Put other int4 weights into a file, chosen on the same grid.

    Parameters
    ----------
    content
        From `int4_file`, of `network`, with the scales of the largest weights.
    network, rounded
        The float32 weights, and the values that were chosen for them.

    Raises
    ------
    ValueError
        The file has another grid.
    """
    from ai_edge_litert.schema_py_generated import TensorType
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    layers = {layer.name: layer for layer in network.linear}
    chosen = {layer.name: layer for layer in rounded.linear}
    for tensor in model.subgraphs[0].tensors:
        if tensor.type != TensorType.INT4:
            continue
        # Model, layer, operator: "net_a/stem/Conv2D".
        name = tensor.name.decode().split("/")[1]
        params = weight_params(layers[name], WEIGHT_BITS, per_channel=True)
        if not np.allclose(tensor.quantization.scale, params.scale, rtol=1e-6):
            raise ValueError(f"{name}: the file's scales are not those of the largest weights")
        # TFLite's kernels have the output channel first.
        integers = quantize(chosen[name].columns, params).T
        model.buffers[tensor.buffer].data = pack_int4(integers.ravel())
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
