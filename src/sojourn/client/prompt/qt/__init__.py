"""The prompt as a dialog (extra `gui`). Imported only where a QApplication runs."""
