"""What has happened in each demo plant before the demo begins: at least one batch in every status."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.batch import BatchStatus as S
from app.domain.deviation import DeviationClass
from app.launch.demo.cast import LINDENAU, MARWICK
from app.launch.demo.history import Plot


def plots_of(now: datetime) -> dict[str, tuple[tuple[str, Plot], ...]]:
    """Per plant: (master's file name, plot), oldest first. `now`: when the demo plant is made."""

    def ago(days: float) -> datetime:
        return now - timedelta(days=days)

    def number(product: str, days: float, run: int) -> str:
        return f"{product}-{ago(days):%y%m}-{run:03d}"

    def cetirizine(days: float, run: int, until: S, **more: Any) -> tuple[str, Plot]:
        plot = Plot(number=number("CTZ", days, run), line="Line 2", begun=ago(days), until=until, **more)
        return "cetirizine-10", plot

    def metformin(days: float, run: int, until: S, **more: Any) -> tuple[str, Plot]:
        plot = Plot(number=number("MET", days, run), line="Line 1", begun=ago(days), until=until, **more)
        return "metformin-500", plot

    def suspension(days: float, run: int, until: S, **more: Any) -> tuple[str, Plot]:
        plot = Plot(
            number=number("IBS", days, run), line="Liquid line 1", begun=ago(days), until=until, **more
        )
        return "ibuprofen-suspension", plot

    lindenau = (
        cetirizine(34, 41, S.RELEASED),
        metformin(31, 17, S.RELEASED, corrected=("compression.hardness", "142")),
        cetirizine(
            27,
            42,
            S.RELEASED,
            stray=("compression", "hardness", "93"),
            stray_comment="Two tablets of ten above 90 N; press adjusted.",
            deviation=DeviationClass.MINOR,
            deviation_closed=True,
        ),
        metformin(22, 18, S.REJECTED, stray=("coating", "gain", "3.9"), stray_comment="Gun 2 dripping."),
        cetirizine(18, 43, S.RELEASED),
        metformin(13, 19, S.ABORTED, stages=2, steps=3),
        cetirizine(11, 44, S.REVIEWED, corrected=("dispensing.humidity", "43")),
        metformin(
            9,
            20,
            S.QA_HOLD,
            stray=("granulation", "inlet", "67"),
            stray_comment="Inlet air above 65 °C for two minutes after the filter change.",
        ),
        cetirizine(
            7,
            45,
            S.QA_REVIEW,
            stray=("compression", "disintegration", "934"),
            stray_comment="Repeat with six further tablets: 812 s.",
            corrected=("packaging.packs", "11860"),
        ),
        metformin(
            6,
            21,
            S.PRODUCTION_REVIEW,
            stray=("compression", "friability", "0.9"),
            stray_comment="One capped tablet.",
            deviation=DeviationClass.MAJOR,
        ),
        cetirizine(2.2, 46, S.IN_PROGRESS, stages=3, steps=4),
        metformin(1.4, 22, S.ON_HOLD, stages=3, steps=2),
        cetirizine(0.6, 47, S.ISSUED),
        cetirizine(0.4, 48, S.PLANNED),
        metformin(0.3, 23, S.PLANNED),
    )
    marwick = (
        suspension(24, 8, S.RELEASED),
        suspension(15, 9, S.RELEASED, corrected=("filling.torque", "1.3")),
        suspension(
            8, 10, S.QA_REVIEW, stray=("suspension", "ph", "4.8"), stray_comment="Adjusted with citric acid."
        ),
        suspension(1.2, 11, S.IN_PROGRESS, stages=2, steps=3),
        suspension(0.3, 12, S.ISSUED),
    )
    return {LINDENAU: lindenau, MARWICK: marwick}
