"""What the last watched runs were like, in small files beside the database that every passing run reads."""
