"""`test` through the real command line: offline, with the exit codes and the XML of a test runner."""

from pathlib import Path

from tests.support.workplace import Workplace

EXAMPLE = Path(__file__).parents[2] / "examples" / "retention-tests.yaml"
BAD = """\
version: 1
policy: retention.yaml
cases:
  - {name: wrong on purpose, at: 2027-01-01, jobs: [{id: keep-me}], expect: {keep-me: release}}
"""


def test_a_file_passes_fails_or_is_broken_by_exit_code(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path, {"PICTORY_API_KEY": "", "PICTORY_API_BASE_URL": "http://127.0.0.1:9"})
    workplace.write_desired("keep-me")
    passed = workplace.run("test", str(EXAMPLE), "--junit", "results.xml").expect(0)
    assert passed.last_line == "5 passed, 0 failed"
    assert '<testsuites tests="5" failures="0"' in (tmp_path / "results.xml").read_text()
    (tmp_path / "bad.yaml").write_text(BAD)
    failed = workplace.run("test", "bad.yaml", str(EXAMPLE)).expect(1)
    assert failed.out.startswith("FAIL  bad.yaml: wrong on purpose\n      keep-me: expected release; got retain\n")
    assert failed.last_line == "5 passed, 1 failed"
    (tmp_path / "bad.yaml").write_text(BAD.replace("release}", "relaese}"))
    broken = workplace.run("test", "bad.yaml", str(EXAMPLE)).expect(10)
    assert "bad.yaml:4:" in broken.err
    assert broken.out == ""
    workplace.run("test").expect(64)
