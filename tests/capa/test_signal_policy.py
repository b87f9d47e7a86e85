"""What is watched, read from a file."""

from pathlib import Path

import pytest

from capa.domain.signals.periods import Length
from capa.domain.signals.watch import Chart
from capa.signal_policy import read_signal_policy
from chassis.settings import CannotStart
from tests.capa.world import CONFIG


def written(folder: Path, text: str) -> Path:
    file = folder / "signals.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_policy_that_is_delivered_is_good() -> None:
    policy = read_signal_policy(CONFIG / "signals.toml")
    first, second = policy.watches
    assert (first.by_category, first.period, first.chart, first.exposure) == (
        True,
        Length.MONTH,
        Chart.AUTO,
        "sold",
    )
    assert (second.by_category, second.period) == (False, Length.WEEK)
    assert first.windows[0].count == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "is no TOML"),
        ("", "version: Field required"),
        ('version = "1"\nzone = "Europe/Atlantis"', "zone: Value error, 'Europe/Atlantis' is no time zone"),
        ('version = "1"\n[[watches]]\nname = "a"\nbaseline = 5', "watches.1.baseline"),
        ('version = "1"\n[[watches]]\nname = "a"\nchart = "u"', "name exposure"),
        ('version = "1"\n[[watches]]\nname = "a"\nrules = []', "nothing is watched"),
        ('version = "1"\n[[watches]]\nname = "a"\nrules = ["zone_b"]', "watches.1.rules.1"),
        ('version = "1"\n[[watches]]\nname = "a"\n[[watches]]\nname = "a"', "a name of its own"),
        ('version = "1"\n[[watches]]\nname = "closed-cases"', "stands for closed cases"),
        ('version = "1"\nfresh = 3', "fresh: Extra inputs"),
        (
            'version = "1"\n[[watches]]\nname = "a"\nwindows = [{count = 2, days = 7}, {count = 2, days = 7}]',
            "two windows",
        ),
    ],
)
def test_a_fault_is_told_with_its_file_and_place_at_start(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CannotStart, match=r"signals\.toml") as refused:
        read_signal_policy(written(tmp_path, text))
    assert said in str(refused.value)


def test_a_watch_charts_each_site_only_where_it_says_so(tmp_path: Path) -> None:
    text = 'version = "1"\n[[watches]]\nname = "all"\n[[watches]]\nname = "each"\nper_site = true'

    together, each = read_signal_policy(written(tmp_path, text)).watches

    assert (together.per_site, each.per_site) == (False, True)
    assert together.definition == "month auto 24 - * *", (
        "limits that were frozen before sites were known are taken"
    )
    assert each.definition != together.definition


def test_a_file_that_is_not_there_is_told_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="REDRESS_CAPA_SIGNAL_POLICY"):
        read_signal_policy(tmp_path / "none.toml")
