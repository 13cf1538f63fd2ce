"""The merchants' ledgers: journal entries as files that each of them imports, offered only after their bytes were read again and found true."""
