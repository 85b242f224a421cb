"""Dashboards of Grafana as code: `make grafana` writes them into `grafana/dashboards`. Not part of what is served."""
