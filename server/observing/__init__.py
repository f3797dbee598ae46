"""What operators see: the audit of calls, metrics, traces and the log."""
