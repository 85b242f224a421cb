"""Connections, transactions, migrations, and the storage engines under the readings."""
