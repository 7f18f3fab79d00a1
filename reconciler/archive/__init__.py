"""Download, proof of wholeness, bags, receipts, stores."""
