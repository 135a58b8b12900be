"""What happened: metrics, later journal reports, throughput, audit, alarms (5.11)."""
