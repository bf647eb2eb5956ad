"""The sample of `tests/soak/storm.py` that runs in every check; the script itself runs it with 300."""

from __future__ import annotations

from pathlib import Path

from tests.soak.storm import storm


async def test_forty_members_join_in_a_storm_and_end_in_one_epoch_with_one_code(tmp_path: Path) -> None:
    result = await storm(tmp_path, 40)
    assert result.epochs <= 4
    assert len(result.code.replace(" ", "")) == 30
    print(f"40 members: work {result.work:.1f} s, hub {result.hub:.2f} s")
