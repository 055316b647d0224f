"""The alerts as Prometheus' own tool sees them: each fires on its fault, on nothing else, and leads to a page."""

import re
import shutil
import subprocess

from kumiai_local.layout import checkout

PROMETHEUS = checkout() / "deploy" / "prometheus"


def test_each_alert_fires_on_its_fault_and_not_on_a_healthy_federation() -> None:
    tool = shutil.which("promtool")
    assert tool, "install Debian's package prometheus (apt-get install prometheus)"
    for arguments in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        ended = subprocess.run([tool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_is_tested_both_ways_and_has_its_part_of_the_operators_page() -> None:
    rules = (PROMETHEUS / "alerts.yml").read_text()
    names = re.findall(r"- alert: (\w+)", rules)
    tested = re.findall(r"alertname: (\w+)(?:, exp_alerts: (\[\]))?", (PROMETHEUS / "alerts_test.yml").read_text())
    assert {name for name, quiet in tested if not quiet} == {name for name, quiet in tested if quiet} == set(names)
    for page, anchor in re.findall(r"runbook: (\S+)#(\S+)", rules):
        headings = re.findall(r"^#+ (.+)$", (checkout() / page).read_text(), re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-").replace("'", "") for heading in headings}, anchor
    assert len(names) == len(re.findall("runbook:", rules))
