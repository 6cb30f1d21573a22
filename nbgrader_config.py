"""Settings of nbgrader for this course; nbgrader reads them when it is called in this folder.

All paths are absolute: nbgrader would resolve relative ones against the folder it is called in.
"""

import os
from pathlib import Path

c = get_config()  # traitlets, which runs this file, defines the name

root = Path(__file__).resolve().parent
# Where learners' work and grades live. `make clean` empties build/: for a real class, name a
# folder of your own.
class_folder = Path(os.environ.get("COURSE_CLASS_DIR") or root / "build" / "class").absolute()

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "squeezing_brains"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = str(class_folder / "submitted")
c.CourseDirectory.autograded_directory = str(class_folder / "autograded")
c.CourseDirectory.feedback_directory = str(class_folder / "feedback")
c.CourseDirectory.solution_directory = str(class_folder / "solution")
c.CourseDirectory.db_url = f"sqlite:///{class_folder / 'gradebook.db'}"
# This replaces nbgrader's own list, so its entries are repeated.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    # What proves the tests: see book/instructors/assignments.md.
    "wrong_answers.py",
    "variants.py",
    "equivalent_mutants.yml",
    "handed_in",
]

# ---- how work is graded: qutils/grading; see book/instructors/grading.md

# `nbgrader autograde` and formgrader's button grade in the sandbox, as `qutils grade` does.
c.Autograde.exporter_class = "qutils.grading.nbgrader_engine.GradingExporter"
# The journal of all results, and the secret from which each learner's random inputs come.
c.Grading.folder = str(class_folder / "private")
# Limits of one hand-in that differ from those in qutils/grading/job.py, such as
# {"cell_seconds": 60.0}.
c.Grading.limits = {}
# Modules that are imported before an assignment's cells run, {assignment: [names]}; NumPy where
# nothing is said.
c.Grading.preload = {
    "01_fp32_cost": ["numpy", "qutils.floats", "qutils.tflm"],
    "03_integer_arithmetic": ["numpy", "qutils.tflm"],
    "05_ptq": ["numpy", "qutils.calibration", "qutils.repair", "qutils.tflm", "qutils.wrist"],
    "07_qat": [
        "numpy",
        "qutils.folding",
        "qutils.qat_conversion",
        "qutils.step_size",
        "qutils.tflm",
    ],
    "10_capstone": ["numpy", "qutils.convert", "qutils.data", "qutils.nets", "qutils.tflm"],
}
# Files that learners hand in beside the notebook, {assignment: [names]}.
c.Grading.files = {
    "05_ptq": ["model.tflite"],
    "07_qat": ["qat.tflite"],
    "10_capstone": ["model.tflite"],
}
# Functions that answers must do without, {assignment: [dotted names]}.
c.Grading.withheld = {
    "01_fp32_cost": [
        "qutils.floats.activation_peak_bytes",
        "qutils.floats.float_fields",
        "qutils.floats.float_from_fields",
        "qutils.floats.float_spacing",
        "qutils.floats.network_cost",
        "qutils.floats.round_to_format",
        "qutils.floats.weight_bytes",
        "qutils.tflm.fits.fits",
    ],
    "02_int8_mapping": [
        "qutils.affine.choose_quant_params",
        "qutils.affine.choose_quant_params_from_range",
        "qutils.affine.dequantize",
        "qutils.affine.fake_quantize",
        "qutils.affine.quantize",
        "qutils.affine.round_half_away",
        "qutils.integers.saturate",
        "qutils.metrics.decibels",
        "qutils.metrics.sqnr_db",
        "qutils.rounding_modes.round_half_even",
        "qutils.rounding_modes.round_half_up",
        "qutils.rounding_modes.rounding_bias",
    ],
    "03_integer_arithmetic": [
        "qutils.fixed_point.multiply_by_quantized_multiplier",
        "qutils.fixed_point.quantize_multiplier",
        "qutils.fixed_point.requantize",
        "qutils.fixed_point.rounding_divide_by_pot",
        "qutils.fixed_point.saturating_rounding_doubling_high_mul",
        "qutils.integer_arithmetic.accumulator_bound",
        "qutils.integer_arithmetic.clamps",
        "qutils.integer_arithmetic.fold_zero_point",
    ],
    "05_ptq": [
        "qutils.calibration.MinMax",
        "qutils.calibration.MovingAverage",
        "qutils.calibration.MseOptimal",
        "qutils.calibration.Percentile",
        "qutils.folding.fold_batch_norm",
        "qutils.repair.divide_channels",
        "qutils.repair.equalize",
        "qutils.repair.fold_batch_norms",
        "qutils.tflm.report.layer_error.layer_errors",
        # Nothing is converted while work is graded: the file is handed in.
        "qutils.convert.to_tflite",
        "qutils.nets.load",
    ],
    "07_qat": [
        "qutils.affine.choose_quant_params",
        "qutils.affine.choose_quant_params_from_range",
        "qutils.affine.dequantize",
        "qutils.affine.fake_quantize",
        "qutils.affine.quantize",
        "qutils.affine.round_half_away",
        "qutils.folding.fold_batch_norm",
        "qutils.qat.fake_quantize_gradient",
        "qutils.step_size.gradient_scale",
        "qutils.step_size.step_size_gradient",
        # Nothing is trained while work is graded: the file is handed in.
        "qutils.nets.fit",
        "qutils.nets.load",
        "qutils.qat.prepare_qat",
        "qutils.qat_conversion.qat_to_tflite",
    ],
    "10_capstone": [
        "qutils.metrics.accuracy_interval",
        "qutils.tflm.cost.estimate",
        # Nothing is trained while work is graded: the file is handed in.
        "qutils.convert.to_tflite",
        "qutils.nets.fit",
    ],
}

# Work that is late loses this part of its points for each day or part of one, unless it is handed
# in within the grace. Deadlines are set in formgrader.
c.AssignLatePenalties.plugin_class = "qutils.grading.late.LatePolicy"
c.LatePolicy.percent_per_day = 0.0
c.LatePolicy.grace_hours = 0.0

# zip_collect: hand-ins named LEARNER_NOTEBOOK.ipynb, and LEARNER_FILE for a file beside it.
# Loose or in zip files.
c.ZipCollectApp.collect_directory_structure = str(
    class_folder / "{downloaded}" / "{assignment_id}" / "{collect_step}"
)
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^/_]+)_(?P<file_id>[^/]+)"
c.FileNameCollectorPlugin.valid_ext = [
    ".ipynb",
    *sorted({Path(name).suffix for names in c.Grading.files.values() for name in names}),
]
