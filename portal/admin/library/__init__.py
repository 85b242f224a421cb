"""The library of municipal tariffs: kept once, offered to every customer."""
