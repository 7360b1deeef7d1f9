"""Values of cards set on the command line."""

from __future__ import annotations

import pytest

from hnlpeak.core.errors import UsageError
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.settings import with_settings


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return load_analysis("na62-2015-ke2")


def test_values_of_both_cards_change_together(analysis: Analysis) -> None:
    made = with_settings(
        analysis,
        [
            "beam.divergence_x='0.05 mrad'",
            "detectors.GTK.installed=true",
            "scan.step=5 MeV",
            "statistics.cl=0.95",
        ],
    )
    assert made.experiment.card.beam.divergence_x == pytest.approx(5e-5)
    assert made.experiment.setup["tracker_installed"] == 1
    assert (made.card.scan.step, made.card.statistics.cl) == (5.0, 0.95)
    assert analysis.experiment.card.beam.divergence_x != made.experiment.card.beam.divergence_x
    assert made.experiment.text.endswith(
        "# set: beam.divergence_x='0.05 mrad'\n# set: detectors.GTK.installed=true\n"
    )
    same = made.experiment.card.model_copy(
        update={"beam": analysis.experiment.card.beam, "detectors": analysis.experiment.card.detectors}
    )
    assert same == analysis.experiment.card


def test_nothing_set_is_the_same_cards(analysis: Analysis) -> None:
    assert with_settings(analysis, []) is analysis


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("beem.x=3", "no table 'beem', is it beam?"),
        ("beam.divergenc_x=3 mrad", "divergenc_x: unknown key, is it divergence_x?"),
        ("beam.divergence_x=3 MeV", "unit of angle"),
        ("detectors.GTX.installed=true", "no 'GTX' here, is it GTK?"),
        ("detectors.GTK=true", "names a whole table"),
        ("detectors.GTK.installed=maybe", "valid boolean"),
        ("beam.momentum", "expected KEY=VALUE"),
        ("beam.=3", "expected KEY=VALUE"),
        ("scan.window.x=3", "no table 'window'"),
        ("scan.mass_max=900 MeV", "must cover the scan"),
        ("detectors.LKr.z=100 km", r"detectors\[LKr\]: reaches from 100000 to"),
        ("detectors.CHOD.planes=['-50 m']", r"detectors\[CHOD\]: each track must cross it at -50 m"),
        ("detectors.KTAG.photoelectrons={'pi+' = 9.0}", r"K\+ makes no light"),
        ("fiducial.z_frist=3 m", "fiducial.z_frist: unknown key, is it z_first?"),
        ("scan.step=" + "9" * 5001, "more than 4300 digits"),
        ("reconstruction.q=1", "there are reference, confidence, sources"),
        ("channel.meson=pi+", "do not go together|meson"),
    ],
)
def test_other_settings_are_refused_in_a_line(analysis: Analysis, setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        with_settings(analysis, [setting])
    assert "\n" not in str(error.value)
