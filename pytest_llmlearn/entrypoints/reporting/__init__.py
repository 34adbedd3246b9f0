"""Reports in the formats that people read: Markdown, and a page for a browser."""
