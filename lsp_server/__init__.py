"""The language server: past mistakes, told to editors and assistants before and while code is written."""
