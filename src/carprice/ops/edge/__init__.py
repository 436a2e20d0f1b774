"""The edge: HAProxy's map and statistics, and the traffic that passes it."""
