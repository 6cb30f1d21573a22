"""What can be said about a model before it is flashed: values, and how they are shown.

``values.py`` collects them; ``terminal.py``, ``page.py`` and ``pictures.py`` show them;
``layer_error.py`` finds the layer where a quantized model departs from its float model.
"""

from qutils.tflm.report.values import Comparison, Report, compare, make_report

__all__ = ["Comparison", "Report", "compare", "make_report"]
