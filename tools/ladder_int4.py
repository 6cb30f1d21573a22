"""Files whose weights really are int4, made with ai-edge-quantizer."""

import numpy as np

from qutils._keras import quiet

WEIGHT_BITS, ACTIVATION_BITS = 4, 8


def int4_file(content: bytes, samples: np.ndarray, algorithm: str) -> bytes:
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
