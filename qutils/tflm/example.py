"""Two models to look at: one small enough to stand in the text, and one of a benchmark."""

from base64 import b64decode

from qutils._assets import read_bytes
from qutils.tflm.model import Model

_FILE = """
JAAAAFRGTDMAAAAAAAAAAAAAEgAcABgAFAAQAAwACAAAAAQAEgAAABgAAAAYAAAAPAAAAFAAAABUAAAAAwAAAAAAAAABAAAA
DAAAAAAABgAIAAQABgAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAEQAAAHdyaXR0ZW4gYnkgYSB0ZXN0AAAAAQAAADQAAAABAAAA
EAAAAAwADgANAAAABAAIAAwAAAABAAAAEwAAAAATDgAYABQAEAAMAAgABAAOAAAAFAAAABwAAAAgAAAAJAAAACgAAAAEAAAA
bWFpbgAAAAABAAAALAAAAAEAAAABAAAAAQAAAAAAAAACAAAAqAAAAEAAAAAAAAoAEAAMAAgABAAKAAAADAAAABAAAAAAAAAA
AQAAAAEAAAABAAAAAAAAABAAHAAYABcAEAAMAAQACwAQAAAAGAAAAAAAAAA0AAAAAAAAAAAAAAkwAAAAmv///wAAAAAIAAAA
EAAAAAEAAAAAAAAAAAAAAAEAAAAAAAA/AQAAAHkAAAACAAAAAQAAAAIAAAAQAB4AGAAXABAADAAEAAsAEAAAACwAAAAAAAAA
TAAAAAAAAAAAAAAJSAAAAAAAEgAQAAAAAAAMAAgAAAAAAAQAEgAAAAAAAAAIAAAAFAAAAAEAAAAAAAAAAAAAAAAAAAABAAAA
AAAAPwEAAAB4AAAAAgAAAAEAAAACAAAA
"""


def tiny_model() -> Model:
    """Return a RELU: input "x" and output "y" of shape (1, 2), scale 0.5, zero point 0.

    Examples
    --------
    >>> [operator.name for operator in tiny_model().main.operators]
    ['RELU']
    """
    return Model.from_bytes(b64decode(_FILE))


def keyword_spotting() -> Model:
    """Return the int8 model of MLPerf Tiny's keyword-spotting benchmark, unchanged.

    It takes a spectrogram of one second of sound, int8 (1, 49, 10, 1), and returns int8 (1, 12):
    ten words, silence, and any other word.  Its source and its license stand in
    ``qutils/assets/kws_int8_LICENSE.txt``.

    Examples
    --------
    >>> model = keyword_spotting()
    >>> model.size_bytes, model.main.inputs[0].shape, model.main.outputs[0].shape
    (53936, (1, 49, 10, 1), (1, 12))
    """
    return Model.from_bytes(read_bytes("kws_int8.tflite"))
