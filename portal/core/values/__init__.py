"""Plain values that every subject uses: instants, exact numbers, money, texts, tokens, pages and versions."""
