"""The table of proofs: an assignment that is proved again takes the place of its old rows."""

from proof import Row
from prove_assignments import record


def test_rows_of_an_assignment_are_replaced_and_others_kept(tmp_path):
    report = tmp_path / "reports" / "assignments.csv"
    record(report, "02", [Row("02", "q1", 3.0, 9, 9, 40, 39, 5, 5)])
    record(report, "01", [Row("01", "q1", 2.5, 8, 8, 7, 7, 5, 5)])
    record(report, "02", [Row("02", "q1", 3.0, 10, 10, 40, 40, 5, 5)])
    assert report.read_text().splitlines() == [
        "assignment,question,points,wrong_answers,caught,mutants,killed,variants,passed",
        "01,q1,2.5,8,8,7,7,5,5",
        "02,q1,3,10,10,40,40,5,5",
    ]
    assert [path.name for path in report.parent.iterdir()] == ["assignments.csv"]
