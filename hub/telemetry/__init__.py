"""What the hub tells about its own work: events for a log, figures for Prometheus. Nothing here decides anything.

`events` and `metrics` name everything that may be told, `telemetry` is what the other parts call, `log` and `meter` are
where it goes. Without a log and a meter nothing is told, and neither library is loaded.
"""
