"""Cells with IPython's magics run as they would in Jupyter, less what needs a shell or a screen."""

import pytest

from qutils.grading.magics import plain


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "value = (a\n  %b)",  # no magic: the operator
        'text = """\n%time is money\n!\n"""',
        "",
        "def f():\n    return 3",
    ],
)
def test_python_is_left_alone(source):
    assert plain(source) == source


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!pip install numpy", "pass  # !pip install numpy"),
        ("np.dot?\nx = 1", "pass  # np.dot?\nx = 1"),
        ("?np.dot", "pass  # ?np.dot"),
        ("if True:\n    %matplotlib inline", "if True:\n    pass  # %matplotlib inline"),
        ("%time x = f(3)", "x = f(3)"),
        ("%timeit -n 3 f(3)", "pass  # %timeit -n 3 f(3)"),
        ("%%capture\n%pylab\nx = 1", "pass  # %%capture\npass  # %pylab\nx = 1"),
        ("\n%%timeit -n 1\nx = 1", "pass  # %%timeit -n 1\nx = 1"),
        ("%%bash\nrm -rf x", ""),
        ('!ls\nt = """\n%no magic\n"""', 'pass  # !ls\nt = """\n%no magic\n"""'),
    ],
)
def test_magics_become_plain_python(source, expected):
    assert plain(source) == expected
    compile(expected, "cell", "exec")


@pytest.mark.parametrize("source", ["def f(:", "x = (", "\0", "-" * 100_000 + "1", "(" * 5000])
def test_what_is_no_python_stays_that(source):
    assert plain(source) == source


def test_hostile_sources_take_linear_time():
    source = "%x\n" * 100_000 + "'''" + '"""' * 50_000
    assert plain(source).startswith("pass  # %x\n")
