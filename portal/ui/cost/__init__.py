"""What a cost page shows, in either run mode: texts, charts, tables, exports and explanations."""
