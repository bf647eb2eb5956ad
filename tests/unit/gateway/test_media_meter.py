"""The engine's events as metrics."""

from __future__ import annotations

from gateway.media_meter import MediaMeter
from tests.support.telemetry import RecordingTelemetry, series


def stats(packets: int, drops: dict[str, int]) -> dict[str, object]:
    """A report as a worker makes it."""
    return {
        "stats": {
            "packets_in": packets,
            "packets_out": packets * 3,
            "bytes_in": packets * 100,
            "bytes_out": packets * 300,
            "drops": drops,
            "load": 0.5,
            "tick_us": 1000,
            "gso_batches": 1,
            "peers": [{"peer": 7}],
        }
    }


def test_counters_grow_by_what_is_new_and_survive_a_restart_of_the_worker() -> None:
    telemetry = RecordingTelemetry()
    meter = MediaMeter(telemetry)
    packets = series("entente_media_packets_total", direction="in")
    drops = series("entente_media_drops_total", reason="no_leaf")
    meter.look(0, stats(10, {"no_leaf": 2}))
    meter.look(0, stats(15, {"no_leaf": 2}))
    meter.look(1, stats(4, {}))
    assert (telemetry.counts[packets], telemetry.counts[drops]) == (19, 2)
    meter.look(0, stats(3, {"no_leaf": 1}))
    assert (telemetry.counts[packets], telemetry.counts[drops]) == (22, 3)
    assert telemetry.gauges[series("entente_media_load", worker="1")] == 0.5


def test_connections_and_losses_are_counted_by_cause() -> None:
    telemetry = RecordingTelemetry()
    meter = MediaMeter(telemetry)
    meter.look(0, {"connected": {"peer": 1, "dtls": "1.2", "profile": "AEAD_AES_128_GCM"}})
    meter.look(0, {"lost": {"peer": 1, "reason": "timeout"}})
    meter.look(0, {"overflow": {}})
    meter.look(0, {"speakers": {"room": 1, "peers": []}})
    assert telemetry.counts == {
        series("entente_media_connected_total", dtls="1.2", profile="aead_aes_128_gcm"): 1,
        series("entente_media_lost_total", reason="timeout"): 1,
        series("entente_media_overflows_total", worker="0"): 1,
    }
